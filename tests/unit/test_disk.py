"""`vlmflow disk`: what is on disk, what its removal frees, and which scores stand on a model."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.disk import size_text
from pipeline_lib.cli.main import app
from pipeline_lib.core.files import write_text
from pipeline_lib.lineage.disk import DiskUse, Use, disk_use
from pipeline_lib.lineage.records import Records
from tests.small_study import SmallStudy

MODEL = Path("results/checkpoints/full/model.safetensors")


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a finished study be in the working directory."""
    monkeypatch.chdir(tmp_path)
    SmallStudy(tmp_path).make()


def folder(use: DiskUse, path: str) -> Use:
    return next(each for each in use.folders if each.path == path)


def test_copies_for_reuse_free_nothing_while_the_results_are_there() -> None:
    kept = Path(".vlmflow/kept/a")
    kept.mkdir(parents=True)
    os.link(MODEL, kept / "model")
    reused = folder(disk_use(Records(Path())), ".vlmflow/kept")
    assert (reused.files, reused.bytes, reused.frees) == (1, MODEL.stat().st_size, 0)
    assert reused.removal == "vlmflow clean"
    MODEL.unlink()
    assert folder(disk_use(Records(Path())), ".vlmflow/kept").frees == reused.bytes


def test_states_and_other_caches_are_counted_apart() -> None:
    write_text(Path(".vlmflow/state/a/b/state.pt"), "12345")
    use = disk_use(Records(Path()))
    assert folder(use, ".vlmflow/state").bytes == folder(use, ".vlmflow/state").frees == 5
    others = folder(use, ".vlmflow")
    assert others.bytes == sum(path.stat().st_size for path in Path(".vlmflow/digests").iterdir())


def test_every_model_is_listed_with_the_scores_that_stand_on_it() -> None:
    write_text(Path("results/checkpoints/half/optimizer.pt"), "1" * 1000)
    models = {model.path: model for model in disk_use(Records(Path())).models}
    assert models["results/checkpoints/full"].scores == ["results/scores/full/pope.json"]
    assert models["results/checkpoints/half"].removal == "vlmflow clean results/checkpoints/half"
    assert models["results/checkpoints/half"].bytes > 1000
    Path("results/records/score/full-pope.json").unlink()
    first = disk_use(Records(Path())).models[0]
    assert (first.path, first.scores) == ("results/checkpoints/full", []), "a model without scores comes first"


def test_an_empty_project_has_nothing_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    assert disk_use(Records(tmp_path / "empty")) == DiskUse([], [])


def test_the_command_prints_sizes_and_json_prints_bytes() -> None:
    printed = CliRunner().invoke(app, ["disk"]).output
    assert "results/checkpoints" in printed and "vlmflow clean" in printed
    content = json.loads(CliRunner().invoke(app, ["disk", "--json"]).output)
    assert {"folders", "models"} == content.keys() and len(content["models"]) == 2


def test_sizes_have_three_digits_and_a_unit() -> None:
    assert [size_text(size) for size in (0, 999, 1000, 123_456, 1_500_000_000)] == [
        "0 B",
        "999 B",
        "1 KB",
        "123 KB",
        "1.5 GB",
    ]
