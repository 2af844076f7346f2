"""`vlmflow lineage show` and `find`: a number in sentences, and artefacts by a recorded field."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli import lineage_show
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.find import Match, Term, find_artefacts
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.summary import summarise
from tests.small_study import HOST, USER_FOLDER, SmallStudy

RESULT = "results/pope_score.json#/runs/full/metrics/accuracy"


@pytest.fixture()
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    """Return a finished study, the working directory in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lineage_show, "made_studies", lambda: [])
    return SmallStudy(tmp_path).make()


def matches(*terms: str) -> list[Match]:
    return find_artefacts(Records(Path()), [Term.parse(term) for term in terms])


def test_a_number_is_explained_in_sentences_from_the_number_to_raw_files(study: SmallStudy) -> None:
    texts = summarise(Records(Path()), Reference.parse(RESULT)).sentences
    assert texts[0] == f"{RESULT} is 1.0."
    trained = "results/checkpoints/full was trained on 3 rows of results/subsets/full by full"
    assert any(text.startswith(trained) and text.endswith("on AMD EPYC with 1 thread.") for text in texts)
    assert "results/subsets/full has 3 rows of data/tables/talk (digest_rank, fraction 1.0, seed 0)." in texts
    assert not any("half" in text for text in texts), "the number is of another run"


def test_a_file_of_all_runs_is_explained_with_all_of_them(study: SmallStudy) -> None:
    texts = summarise(Records(Path()), Reference.parse("results/pope_score.json")).sentences
    assert texts[0] == "results/pope_score.json has the scores of half, full on pope (llava15)."
    assert any("results/subsets/half" in text for text in texts)


def test_an_altered_result_is_called_so(study: SmallStudy) -> None:
    path = Path("results/scores/full/pope.json")
    path.write_text(path.read_text().replace('"accuracy": 1.0', '"accuracy": 0.9'))
    summary = summarise(Records(Path()), Reference.parse(f"{path}#/metrics/accuracy"))
    assert summary.altered == "altered since" and f"Attention: {path} is altered since." in summary.sentences


@pytest.mark.parametrize(
    ("pointer", "cure"),
    [
        ("#/runs/ful/metrics", "did you mean 'full'?"),
        ("#/runs/full/metrics/accuracy/adversarial", "/runs/full/metrics/accuracy~1adversarial"),
        ("#runs/full", "#/runs/full"),
        ("#/runs/full/n/1", "#/runs/full/n has no names in it"),
    ],
)
def test_a_pointer_to_nothing_suggests_one_that_exists(study: SmallStudy, pointer: str, cure: str) -> None:
    with pytest.raises(PipelineError) as raised:
        summarise(Records(Path()), Reference.parse(f"results/pope_score.json{pointer}"))
    assert cure in str(raised.value)


def test_names_with_slashes_and_tildes_are_written_as_in_rfc_6901() -> None:
    reference = Reference.parse("a.json#/m~1n/x~0y")
    assert reference.names == ("m/n", "x~y") and str(reference) == "a.json#/m~1n/x~0y"
    assert reference.value({"m/n": {"x~y": [3]}}) == [3]


def test_the_command_prints_sentences_then_the_tree_and_json_without_the_host(study: SmallStudy) -> None:
    printed = CliRunner().invoke(app, ["lineage", "show", RESULT])
    first, tree = printed.output.split("\n\n", 1)
    assert first.startswith(f"{RESULT} is 1.0.") and tree.startswith("results/scores/full/pope.json  ")
    typed = CliRunner().invoke(app, ["lineage", "show", RESULT, "--json"])
    content = json.loads(typed.output)
    assert content["value"] == 1.0 and content["steps"][0]["job"] == "score full-pope"
    assert HOST not in typed.output and USER_FOLDER not in typed.output


def test_artefacts_are_found_by_the_last_parts_of_a_field(study: SmallStudy) -> None:
    assert [match.artefact for match in matches("stage=train", "learning_rate=1e-3")] == [
        "results/checkpoints/full",
        "results/checkpoints/half",
    ]
    (full,) = matches("stage=train", "rows=3")
    assert full.fields == {"stage": "train", "notes.rows": 3}
    assert matches("stage=train", "rows=4") == []
    assert [match.job for match in matches("torch=2.13*", "stage=predict")] == [
        "predict full-pope",
        "predict half-pope",
    ]


def test_artefacts_are_found_by_the_digest_or_the_name_of_an_input(study: SmallStudy) -> None:
    (subset,) = matches("stage=sample", "rows=1")
    assert {match.artefact for match in matches(f"inputs={subset.sha256[:12]}")} == {"results/checkpoints/half"}
    assert {match.artefact for match in matches("inputs=results/subsets/half")} == {"results/checkpoints/half"}


@pytest.mark.parametrize(
    ("term", "cure"),
    [("recipe.nam=full", "recipe.name"), ("host=x", "no record has this field"), ("train", "FIELD=VALUE")],
)
def test_an_unknown_field_suggests_one(study: SmallStudy, term: str, cure: str) -> None:
    with pytest.raises(PipelineError, match=cure.replace(".", r"\.")):
        matches(term)


def test_the_command_lists_artefacts_with_the_values_that_match(study: SmallStudy) -> None:
    printed = CliRunner().invoke(app, ["lineage", "find", "stage=train", "rows=1"])
    assert "results/checkpoints/half  " in printed.output
    assert printed.output.endswith("train half: stage train, notes.rows 1\n1 artefact\n")
    typed = CliRunner().invoke(app, ["lineage", "find", "stage=train", "--json"])
    assert len(json.loads(typed.output)) == 2
