"""`vlmflow lineage diff`: two lineages walked in step, and the first inputs in which they differ."""

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.lineage_sides import open_sides
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.lineage.diff import UNEXPLAINED, Comparison, compare_sides
from tests.small_study import SmallStudy

STUDY = """
title: Small
datasets: {}
runs:
  half: {engine: {name: openai, url: "http://127.0.0.1:1/v1", model: m}}
  full: {engine: {name: openai, url: "http://127.0.0.1:1/v1", model: m}}
benchmarks: {}
"""
FULL = "results/scores/full/pope.json"


@pytest.fixture()
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    """Return a finished study in the working directory, with room for a clone beside it."""
    root = tmp_path / "here"
    root.mkdir()
    monkeypatch.chdir(root)
    Path("config.yaml").write_text(STUDY)
    return SmallStudy(root).make()


def compared(first: str, second: str) -> list[Comparison]:
    scratch = Path("scratch")
    return compare_sides(*open_sides((first, second), "config", scratch))


def changes(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Return artefact, kind and text of all first differences."""
    return [
        (each.first_artefact, change.kind, change.text)
        for each in comparison.differences
        if each.first
        for change in each.changes
    ]


def clone(here: SmallStudy, **others: object) -> str:
    """Make the study in a folder beside, with what differs; return the folder's name."""
    replace(here, root=here.root.parent / "clone", **others).make()  # type: ignore[arg-type]
    return "../clone"


def test_an_equal_clone_is_equal_and_no_tree_is_walked(here: SmallStudy) -> None:
    (comparison,) = compared(".", clone(here))
    assert comparison.equal and comparison.differences == [] and comparison.skipped == 1


def test_two_runs_differ_first_in_the_rows_they_were_trained_on(here: SmallStudy) -> None:
    (comparison,) = compared("half", "full")
    (setting, rows) = changes(comparison)
    assert setting[:2] == ("results/subsets/half", "setting") and setting[2].startswith("sample.fraction: ")
    assert rows == ("results/subsets/half", "rows", "2 rows added: row-1, row-2")


def test_a_setting_is_named_with_both_values(here: SmallStudy) -> None:
    (comparison,) = compared(".", clone(here, learning_rate=0.002))
    assert set(changes(comparison)) == {
        (f"results/checkpoints/{name}", "setting", "recipe.learning_rate: 0.001 → 0.002") for name in ("half", "full")
    }


def test_a_count_of_threads_is_named_as_the_cause(here: SmallStudy) -> None:
    (comparison,) = compared(FULL, f"{clone(here, threads=2)}/{FULL}")
    assert ("results/checkpoints/full", "threads", "threads: 1 → 2") in changes(comparison)


def test_rows_that_one_clone_lacks_are_counted_and_named(here: SmallStudy) -> None:
    (comparison,) = compared(FULL, f"{clone(here, dropped=(2,))}/{FULL}")
    assert ("results/subsets/full", "rows", "1 rows removed: row-2") in changes(comparison)


def test_other_bytes_from_equal_inputs_are_called_not_deterministic(here: SmallStudy) -> None:
    (comparison,) = compared(FULL, f"{clone(here, weights='others')}/{FULL}")
    assert changes(comparison) == [("results/checkpoints/full", "bytes", UNEXPLAINED)]


def test_the_records_of_a_git_revision_come_from_the_cache_of_dvc(here: SmallStudy) -> None:
    store_revision(here.root)
    shutil.rmtree("results")
    shutil.rmtree("data")
    replace(here, learning_rate=0.5).make()
    (comparison,) = compared(f"HEAD:{FULL}", FULL)
    assert changes(comparison) == [("results/checkpoints/full", "setting", "recipe.learning_rate: 0.001 → 0.5")]
    assert comparison.values == (None, 1.0), "the files of a revision are not here"
    shutil.rmtree(".dvc")
    with pytest.raises(PipelineError, match=r"dvc fetch --all-commits records\.dvc"):
        compared("HEAD", ".")


def store_revision(root: Path) -> None:
    """Commit the records as `vlmflow dvc commit` and git would."""
    paths = [path for top in ("data", "results") for path in (root / top).rglob("records/**/*.json")]
    listed = [{"md5": stored(path.read_bytes()), "relpath": path.relative_to(root).as_posix()} for path in paths]
    digest = stored(json.dumps(listed).encode(), ".dir")
    (root / "records.dvc").write_text(f"outs:\n- path: data/ledger\n  hash: md5\n  md5: {digest}\n")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.example")
    for command in (("init", "-q"), ("add", "records.dvc"), ("commit", "-qm", "records")):
        subprocess.run([*git, *command], cwd=root, check=True)


def stored(data: bytes, suffix: str = "") -> str:
    """Put bytes into DVC's cache; return their name there."""
    digest = hashlib.md5(data).hexdigest() + suffix
    write_text(Path(".dvc/cache/files/md5") / digest[:2] / digest[2:], data.decode())
    return digest


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ful", "did you mean 'full'?"),
        ("unknown", "names here: half, full, config"),
        ("results/scores/ful/pope.json", "did you mean 'results/scores/full/pope.json'?"),
        ("../nowhere/results/pope_score.json", "no record of one"),
    ],
)
def test_what_cannot_be_compared_is_named_with_what_can(here: SmallStudy, name: str, message: str) -> None:
    with pytest.raises(PipelineError) as raised:
        compared(name, "full")
    assert message in str(raised.value)


def test_the_command_prints_the_values_then_the_first_differences(here: SmallStudy) -> None:
    done = CliRunner().invoke(app, ["lineage", "diff", "half", "full"])
    first, second, third, *_ = done.output.splitlines()
    assert first.startswith("results/scores/half/pope.json and results/scores/full/pope.json: ")
    assert (second, third) == ("first differences:", "  results/subsets/half → results/subsets/full")
    typed = json.loads(CliRunner().invoke(app, ["lineage", "diff", "half", "full", "--json"]).output)
    assert typed[0]["differences"][0]["changes"][1]["kind"] == "rows"
