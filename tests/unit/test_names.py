"""Names in a study: every one is a reference to entries of a part, and what follows from that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel, StringConstraints

from pipeline_lib.config.load import load_study
from pipeline_lib.config.names import NAME, Ref
from pipeline_lib.config.problem import Problem
from pipeline_lib.config.references import problems
from pipeline_lib.config.study import Study
from pipeline_lib.core.annotated import annotated
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import Plugin, load, names
from tests.project import ROOT

HALF = ROOT / "studies/llava15_half.yaml"


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(HALF)


def test_every_name_in_a_study_is_a_reference() -> None:
    fields = list(name_fields(Study))
    assert [field for field, ref in fields if ref is None] == []
    assert {".trainings.start", ".benchmarks.images", ".weights.smoke.tables"} <= {field for field, _ in fields}


def test_references_are_to_parts_of_the_study() -> None:
    for _, ref in name_fields(Study):
        assert ref is not None and set(ref.parts) <= Study.model_fields.keys()
        assert not ref.images or ref.parts == ("datasets",)


def test_references_are_found_with_their_keys(study: Study) -> None:
    found = {key: (ref.kind, name) for key, ref, name in annotated(study, Ref)}
    assert found["runs", "half", "model"] == ("weights or training", "half")
    assert found["tables", "mix", "images", 0] == ("dataset", study.tables["mix"].images[0])
    stand_ins = [key for key in found if key[0] == "weights" and key[2] == "smoke"]
    assert stand_ins and ("weights", "vicuna_7b", "dataset") in found


def misnamed(study: Study, old: str) -> Iterator[Problem]:
    """Yield the problems of a study in which every reference to `old` is misspelt."""
    tree = study.model_dump(mode="json")
    for (*above, last), _, name in annotated(study, Ref):
        node: Any = tree
        for key in above:
            node = node[key]
        node[last] = f"{name}x" if name == old else name
    yield from problems(Study.model_validate(tree))


@pytest.mark.parametrize("part", ["datasets", "tables", "subsets", "weights", "trainings"])
def test_every_misspelt_reference_is_named_with_a_suggestion(study: Study, part: str) -> None:
    for old in getattr(study, part):
        keys = [key for key, ref, name in annotated(study, Ref) if name == old and part in ref.parts]
        unknown = {problem.key: problem for problem in misnamed(study, old) if problem.what.startswith("no such")}
        assert unknown.keys() >= set(keys)
        assert all(f"did you mean '{old}'" in unknown[key].hint for key in keys)


def test_a_stand_in_that_names_no_entry_is_refused(tmp_path: Path) -> None:
    text = HALF.read_text()
    stand_in = "      tables: [mix]\n      make: {kind: llava"
    assert stand_in in text
    (tmp_path / "study.yaml").write_text(text.replace(stand_in, stand_in.replace("mix", "none"), 1))
    with pytest.raises(PipelineError, match=r"smoke\.tables\.0: no such table"):
        load_study(tmp_path / "study.yaml")


def test_faults_are_listed_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = HALF.read_text().replace("model: half", "model: hlaf", 1).replace("seed: 0", "seed: 0\nlimit: {rows: 9}", 1)
    (tmp_path / "study.yaml").write_text(
        text.replace("smoke: false", "smoke: true").replace("start: released", "start: relased")
    )
    with pytest.raises(PipelineError) as caught:
        load_study(tmp_path / "study.yaml")
    lines = [int(line.split(":")[1]) for line in str(caught.value).splitlines() if "study.yaml:" in line]
    assert len(lines) > 2 and lines == sorted(lines)


def name_fields(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, Ref | None]]:
    """Yield every field of a study that holds names, plug-ins' settings included, with its reference if it has one."""
    for field, hint in get_type_hints(model, include_extras=True).items():
        if field in model.model_fields:
            yield from within(hint, f"{above}.{field}")


def within(hint: Any, field: str) -> Iterator[tuple[str, Ref | None]]:
    parts = get_args(hint)
    if get_origin(hint) is Annotated:
        metadata = parts[1:]
        if any(isinstance(each, StringConstraints) and each.pattern == NAME for each in metadata):
            yield field, next((each for each in metadata if isinstance(each, Ref)), None)
        for kind in (each.kind for each in metadata if isinstance(each, Plugin)):
            for name in names(kind):
                yield from name_fields(load(kind, name).Settings, f"{field}.{name}")
        parts = parts[:1]
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield from name_fields(hint, field)
    if get_origin(hint) is dict:
        parts = parts[1:]  # the keys of a part are the names that it defines
    for part in parts:
        yield from within(part, field)
