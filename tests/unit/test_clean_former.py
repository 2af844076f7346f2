"""`vlmflow clean`: checkpoints that are not results go beyond the newest N, and none that a number stands on unsaid."""

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.files import write_text
from pipeline_lib.job.resume import LOCKS
from tests.small_study import SmallStudy

FULL, HALF = (Path(f"results/checkpoints/{name}") for name in ("full", "half"))
KEPT, STATES = Path(".vlmflow/kept"), Path(".vlmflow/state")


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a finished study be in the working directory, with copies of both models and two saved states."""
    monkeypatch.chdir(tmp_path)
    SmallStudy(tmp_path).make()
    for age, model in enumerate((FULL, HALF)):
        copy(model, age)
        state = STATES / model.name / "key/step-000000001/model.pt"
        write_text(state, "12345")
        os.utime(state, (1000 - age, 1000 - age))


def copy(model: Path, age: int) -> None:
    """Keep a hard link to a model as the reuse cache does, some seconds old."""
    record: dict[str, Any] = json.loads(Path(f"results/records/train/{model.name}.json").read_text())
    folder = KEPT / model.name
    shutil.copytree(model, folder / "checkpoint", copy_function=os.link)
    entry = {"key": "k", "outputs": {"checkpoint": model.as_posix()}, "files": {}, "record": record}
    write_text(folder / "entry.json", json.dumps(entry))
    os.utime(folder / "entry.json", (1000 - age, 1000 - age))


def clean(*words: str) -> str:
    done = CliRunner().invoke(app, ["clean", *words])
    assert done.exit_code == 0, done.output
    return done.output


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("count", "left"), [(0, []), (1, ["full"]), (2, ["full", "half"])])
def test_the_newest_copies_and_states_remain_and_results_are_not_touched(count: int, left: list[str]) -> None:
    before = {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()}
    clean("--keep-last", str(count))
    assert names(KEPT) == names(STATES) == left
    assert {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()} == before


def test_what_a_killed_question_left_is_removed() -> None:
    """A server gets an export of the checkpoint, as large as that is."""
    write_text(Path(".vlmflow/ask/tmp1/export/model.safetensors"), "12345")
    assert ".vlmflow/ask is empty." in clean() and not Path(".vlmflow/ask").exists()


def test_the_only_copy_of_a_model_with_scores_remains_and_is_named() -> None:
    shutil.rmtree(FULL)
    printed = clean("--keep-last", "0")
    assert names(KEPT) == ["full"]
    assert "results/checkpoints/full: the copy for reuse remains" in printed
    assert "results/scores/full/pope.json stands on it" in printed
    assert "the only copy is removed, and results/scores/full/pope.json stands on it" in clean()


def test_that_holds_where_the_record_is_gone_too_as_after_a_job_that_failed() -> None:
    shutil.rmtree(FULL)
    Path("results/records/train/full.json").unlink()
    clean("--keep-last", "0")
    assert names(KEPT) == ["full"]


def test_the_state_of_a_running_job_remains() -> None:
    LOCKS.mkdir(parents=True)
    with (LOCKS / "half.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "the saved state remains: its job runs" in clean("--keep-last", "0")
    assert names(STATES) == ["half"]


def test_a_removed_model_is_named_with_its_scores() -> None:
    assert "results/scores/half/pope.json stands on it, still valid" in clean(HALF.as_posix())


def test_names_and_a_count_together_are_refused() -> None:
    done = CliRunner().invoke(app, ["clean", HALF.as_posix(), "--keep-last", "1"])
    assert done.exit_code == 1 and HALF.is_dir()
