"""The schema and the reference of studies are those of the code, and complete."""

from pathlib import Path
from typing import Any, Iterator

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pipeline_lib.config.reference import reference_page
from pipeline_lib.config.schema import study_schema
from pipeline_lib.core.plugins import load, names
from pipeline_lib.core.text import pretty_json
from tests.project import ROOT

SCHEMA = study_schema()
SHIPPED = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
MEND = "the code has changed: run `make reference`"


def errors(text: str) -> list[str]:
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(YAML(typ="safe").load(text))]


def described(schema: Any, place: str = "") -> Iterator[tuple[str, bool]]:
    """Yield every key of a schema with whether it has a description; the name of a plug-in has it from its field."""
    if isinstance(schema, list):
        for item in schema:
            yield from described(item, place)
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            yield f"{place}.{name}", bool(field.get("description")) or "const" in field
        for name, item in schema.items():
            yield from described(item, f"{place}.{name}")


def test_the_keys_of_mappings_in_a_list_have_rows_of_their_own() -> None:
    page = reference_page()
    for key in ("also.url", "also.sha256", "also.below"):
        assert f"\n| `{key}` | " in page
    assert "anything" not in page


def test_the_committed_schema_and_reference_are_those_of_the_code() -> None:
    assert (ROOT / "docs" / "study.schema.json").read_text() == pretty_json(SCHEMA), MEND
    assert (ROOT / "docs" / "reference.md").read_text() == reference_page(), MEND


@pytest.mark.parametrize("kind", ["recipes", "sampling", "sources", "weights"])
def test_every_plugin_that_a_study_may_name_has_settings(kind: str) -> None:
    assert [name for name in names(kind) if not hasattr(load(kind, name), "Settings")] == []


def test_every_key_has_a_description() -> None:
    keys = dict(described(SCHEMA))
    assert len(keys) > 60
    assert not [key for key, there in keys.items() if not there], 'give the field a Field(description="...")'


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_study_fits_the_schema(path: Path) -> None:
    assert errors(path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("seed: 0", "sed: 0", "$"),
        ("seed: 0", "seed: zero", "$.seed"),
        ("title: ", "titel: ", "$"),
        ("shards: 2", "shards: 0", "$.datasets.digits_scenes.shards"),
        ("kind: digits_scenes, part: train", "kind: digit_scenes, part: train", "$.datasets.digits_scenes.source"),
        ("kind: digits_scenes, part: train", "part: train", "$.datasets.digits_scenes.source"),
        ("  digits_scenes:\n", "  Digits Scenes:\n", "$.datasets"),
        ("warmup: 0.05", "warm_up: 0.05", "$.trainings.language.recipe"),
        ("fraction: 0.5", "fraction: 1.5", "$.subsets.half.sample"),
        ("    benchmark: pope", "    benchmark: popo", "$.benchmarks.pope.benchmark"),
        ("{name: assemble, projector: random}", "{name: assemble, template: vicuna}", "$.trainings.untrained.recipe"),
    ],
)
def test_a_faulty_study_does_not_fit_the_schema(old: str, new: str, where: str) -> None:
    text = (ROOT / "config.yaml").read_text()
    assert old in text
    assert where in errors(text.replace(old, new, 1))


def test_the_reference_says_type_values_default_and_meaning() -> None:
    page = reference_page()
    for row in (
        "| `device` | text | `cpu`, `cuda` | `cpu` | where models are trained and evaluated |",
        "| `title` | text |  | required | one line that describes the study |",
        "| `convert.quality` | integer | ≥ 1, ≤ 100 | `95` | JPEG quality of converted images; no chroma subsampling |",
        "| `tower` | name |  | none | weights or training of kind CLIP that provides the vision tower |",
    ):
        assert row in page


def test_the_reference_names_every_key_of_the_schema() -> None:
    page = reference_page()
    for model in [SCHEMA, *SCHEMA["$defs"].values()]:
        for key, field in model["properties"].items():
            assert (f"`{key}: {field['const']}`" if "const" in field else f"{key}` |") in page, key
