"""`vlmflow lineage export`: RO-Crate, in-toto and Croissant, without host, user, absolute path or key."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.public import public
from tests.small_study import HOST, KEY, USER_FOLDER, SmallStudy

Entity = dict[str, Any]
FORMS = [
    ("ro-crate", "results/pope_score.json"),
    ("in-toto", "results/checkpoints/full"),
    ("in-toto", "data/raw/scenes/000"),
    ("croissant", "data/tables/talk"),
]


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a finished study be in the working directory."""
    monkeypatch.chdir(tmp_path)
    SmallStudy(tmp_path).make()


def export(form: str, artefact: str) -> str:
    done = CliRunner().invoke(app, ["lineage", "export", form, artefact], catch_exceptions=False)
    return done.output


def identifiers(value: Any) -> set[str]:
    """Return the identifiers that an entity, or a list of references, refers to."""
    listed = value if isinstance(value, list) else [value]
    return {each["@id"] for each in listed if isinstance(each, dict) and "@id" in each}


@pytest.fixture()
def graph() -> dict[str, Entity]:
    """Return the entities of a crate by their identifiers."""
    entities = json.loads(export("ro-crate", "results/pope_score.json"))["@graph"]
    by_id = {entity["@id"]: entity for entity in entities}
    assert len(by_id) == len(entities), "each entity is described once"
    return by_id


def of_type(graph: dict[str, Entity], kind: str) -> list[Entity]:
    return [entity for entity in graph.values() if kind in entity["@type"]]


def test_every_reference_of_a_crate_leads_to_an_entity_or_to_a_specification(graph: dict[str, Entity]) -> None:
    for entity in graph.values():
        for value in entity.values():
            assert all(name in graph or name.startswith("https://w3id.org/") for name in identifiers(value)), entity


def test_a_crate_has_what_the_profile_requires_of_its_root(graph: dict[str, Entity]) -> None:
    assert identifiers(graph["ro-crate-metadata.json"]["about"]) == {"./"}
    root = graph["./"]
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    assert "https://w3id.org/ro/wfrun/provenance/0.5" in identifiers(root["conformsTo"])
    files = {entity["@id"] for entity in of_type(graph, "File")}
    assert identifiers(root["hasPart"]) == files
    assert identifiers(root["mainEntity"]) == {"Snakefile"}
    actions = {entity["@id"] for entity in of_type(graph, "CreateAction")}
    assert identifiers(root["mentions"]) == actions


def test_a_crate_records_every_stage_as_a_step_with_its_tool_and_every_job_as_its_run(graph: dict[str, Entity]) -> None:
    workflow = graph["Snakefile"]
    steps, tools = of_type(graph, "HowToStep"), identifiers(workflow["hasPart"])
    assert identifiers(workflow["step"]) == {step["@id"] for step in steps}
    assert {name for step in steps for name in identifiers(step["workExample"])} == tools
    controls = of_type(graph, "ControlAction")
    (organised,) = of_type(graph, "OrganizeAction")
    assert identifiers(organised["object"]) == {control["@id"] for control in controls}
    assert identifiers(organised["result"]) == {"#run"} and identifiers(graph["#run"]["instrument"]) == {"Snakefile"}
    for control in controls:
        (job,) = identifiers(control["object"])
        (step,) = identifiers(control["instrument"])
        assert graph[job]["instrument"] == graph[step]["workExample"], "the job ran the tool of its step"
        assert {"result", "object", "startTime", "endTime"} <= graph[job].keys()


def test_files_of_a_crate_have_the_digests_of_their_bytes(graph: dict[str, Entity]) -> None:
    files = [entity for entity in of_type(graph, "File") if "sha256" in entity]
    assert any(entity["@id"] == "results/checkpoints/full/model.safetensors" for entity in files)
    assert all(entity["sha256"] == digest_file(Path(entity["@id"])) for entity in files)


def test_a_statement_names_every_file_of_a_checkpoint_and_all_that_it_was_made_from() -> None:
    statement = json.loads(export("in-toto", "results/checkpoints/full"))
    path = "results/checkpoints/full/model.safetensors"
    assert statement["subject"] == [{"name": path, "digest": {"sha256": digest_file(Path(path))}}]
    definition = statement["predicate"]["buildDefinition"]
    subset = {"name": "results/subsets/full.manifest.json"}
    assert any(subset.items() <= dependency.items() for dependency in definition["resolvedDependencies"])
    assert definition["externalParameters"]["settings"]["recipe"]["name"] == "full"
    assert statement["predicate"]["runDetails"]["metadata"]["finishedOn"] == "2026-01-01T00:00:01+00:00"


def test_nothing_is_stated_of_an_altered_checkpoint() -> None:
    path = Path("results/checkpoints/full/model.safetensors")
    path.write_text(path.read_text().replace("weights", "weightz"))
    with pytest.raises(PipelineError, match="differs from"):
        export("in-toto", "results/checkpoints/full")


def test_a_dataset_describes_the_columns_of_a_table_and_its_bytes() -> None:
    dataset = json.loads(export("croissant", "data/tables/talk"))
    (file,) = dataset["distribution"]
    assert file["contentUrl"] == "data/tables/talk.parquet" and file["sha256"] == digest_file(Path(file["contentUrl"]))
    columns = {field["name"]: field["dataType"] for field in dataset["recordSet"][0]["field"]}
    assert columns == {"row": "sc:Integer", "id": "sc:Text", "image": "sc:Text", "image_sha256": "sc:Text"}
    with pytest.raises(PipelineError, match="one Parquet file"):
        export("croissant", "results/checkpoints/full")


@pytest.mark.parametrize(("form", "artefact"), FORMS)
def test_no_export_has_a_host_a_user_an_absolute_path_or_a_key(form: str, artefact: str) -> None:
    text = export(form, artefact)
    for private in (HOST, USER_FOLDER, "alice", str(Path.home()), str(Path.cwd()), KEY):
        assert private not in text
    Path("out").mkdir()
    printed = CliRunner().invoke(app, ["lineage", "export", form, artefact, "--to", "out/a.json"])
    assert printed.exit_code == 0 and Path("out/a.json").read_text() == text


def test_paths_and_keys_are_taken_out_of_any_text_and_urls_and_names_remain() -> None:
    value = {"a": f"from {USER_FOLDER}/x.jpg", "b": [f"token {KEY}"], "c": "~/x", "d": "https://example.org/a/b?x=1"}
    value |= {
        "api_key": "anything",
        "e": "results/a/b",
        "f": "USER: <image>\n</CONCLUSION> and/or 1 / 2",
        "g": "site:a/b",
    }
    place = "(a path of this machine)"
    cleaned = public(value)
    assert (cleaned["a"], cleaned["b"], cleaned["c"]) == (f"from {place}", ["token …"], place)
    assert cleaned["api_key"] == "not shown"
    assert all(cleaned[name] == value[name] for name in "defg")
