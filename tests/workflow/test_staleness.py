"""What an edit makes run again: the set of rules that a dry run lists, edit by edit."""

import os
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.project import Project
from tests.workflow.conftest import must
from tests.workflow.edits import ASKED, EDITS, INSPECTED, LIBRARY, SHOWN, STUDY, Edit

FELT = [edit for edit in EDITS if edit.runs]
BRIEF = [edit for edit in EDITS if sum(edit.works.values()) <= 4]  # under DVC every stage costs seconds more


def quick_or_long(edit: Edit) -> pytest.ParameterSet:
    """Return a test's parameter: settings are all compared by one rule, of which other tests here are examples."""
    return pytest.param(edit, id=edit.what, marks=[pytest.mark.long] if edit.file == STUDY else [])


@pytest.mark.parametrize("edit", [quick_or_long(edit) for edit in FELT])
def test_an_edit_runs_what_it_touches(finished: Project, edit: Edit) -> None:
    path = finished.root / edit.file
    text = path.read_text()
    finished.edit(edit.file, edit.old, edit.new)
    try:
        assert finished.planned() == edit.runs
    finally:
        path.write_text(text)


def test_edits_that_touch_no_stage_run_nothing(mini: Project) -> None:
    """All at once: that each alone runs nothing follows."""
    unfelt = [edit for edit in EDITS if not edit.runs]
    assert len(unfelt) > 8
    for edit in unfelt:
        mini.edit(edit.file, edit.old, edit.new)
    assert mini.planned() == Counter()


@pytest.mark.long
@pytest.mark.parametrize("edit", EDITS, ids=[edit.what for edit in EDITS])
def test_of_what_runs_only_what_must_truly_works(mini: Project, edit: Edit) -> None:
    mini.edit(edit.file, edit.old, edit.new)
    before = mini.records()
    done = mini.make()
    assert done.returncode == 0, done.text
    assert mini.worked_since(before) == edit.works
    assert mini.planned() == Counter()


@pytest.mark.long
@pytest.mark.parametrize("edit", BRIEF, ids=[edit.what for edit in BRIEF])
def test_dvc_makes_what_truly_works(ledger: Project, edit: Edit) -> None:
    """DVC goes from stage to stage by content: it runs what under Snakemake would work, and no reuse is needed."""
    ledger.edit(edit.file, edit.old, edit.new)
    text = must(ledger.run("dvc", "repro", timeout=900))
    made = Counter(re.findall(r"Running stage '(\w+)", text))
    assert {rule: count for rule, count in made.items() if rule not in ("identity", "reproduced")} == (
        edit.works if edit.dvc is None else edit.dvc
    )
    assert ledger.planned() == Counter()
    assert "Data and pipelines are up to date." in must(ledger.run("dvc", "repro"))


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("tokenizers", {"weights": 2, **SHOWN, "train": 6, "merge": 1, **ASKED}),
        ("ruff", {}),
    ],
)
def test_a_library_runs_the_stages_that_depend_on_it(
    finished: Project, tmp_path: Path, library: str, expected: dict[str, int]
) -> None:
    (tmp_path / f"{library}-99.0.dist-info").mkdir()
    (tmp_path / f"{library}-99.0.dist-info" / "METADATA").write_text(f"Name: {library}\nVersion: 99.0\n")
    assert finished.planned(PYTHONPATH=f"{tmp_path}:{finished.root / 'src'}") == expected


def test_another_user_terminal_and_locale_run_nothing(finished: Project, tmp_path: Path) -> None:
    other = {
        "HOME": str(tmp_path),
        "USER": "somebody",
        "LOGNAME": "somebody",
        "TERM": "dumb",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
    }
    assert finished.planned(OMP_NUM_THREADS="7", PYTHONHASHSEED="1", **other) == Counter()


def test_a_reformatted_library_runs_nothing(mini: Project) -> None:
    must(mini.run("ruff", "format", "-q", "--line-length", "60", "src", "workflow_scripts"))
    assert mini.planned() == Counter()


def test_touching_everything_runs_nothing(mini: Project) -> None:
    paths = [path for path in mini.root.rglob("*") if path.is_file() and ".snakemake" not in path.parts]
    random.Random(0).shuffle(paths)
    for path in paths:
        os.utime(path)
    assert mini.planned() == Counter()


def test_a_comment_or_docstring_in_any_module_runs_nothing(mini: Project) -> None:
    for path in [*(mini.root / LIBRARY).rglob("*.py"), *(mini.root / "workflow_scripts").glob("*.py")]:
        text = path.read_text()
        assert text.startswith('"""')
        path.write_text('"""Something else.' + text[3:] + "\n# a comment\n")
    assert mini.planned() == Counter()


def test_another_folder_runs_nothing(mini: Project) -> None:
    assert mini.planned() == Counter()


def test_an_edit_is_seen_below_a_verdict_that_is_made_again(mini: Project) -> None:
    mini.edit(f"{LIBRARY}/inspection/questions.py", "SCHEMA = 1", "SCHEMA = 2")
    mini.edit(STUDY, "start: pretrained\n    subset: half", "start: pretrained\n    subset: full")
    changed = {"inspect_rows": 1, "preview": 1, "train": 1, "predict": 1, "score": 1, "gather": 1}
    assert mini.planned() == {**INSPECTED, **changed}


def test_a_learning_rate_trains_that_run_again(mini: Project) -> None:
    head, tail = (mini.root / STUDY).read_text().split("  full:\n    start: pretrained")
    (mini.root / STUDY).write_text(head + "  full:\n    start: pretrained" + tail.replace("1.0e-3", "2.0e-3", 1))
    assert mini.planned() == {"train": 1, "predict": 1, "score": 1, "gather": 1}
