"""An old score never stands unmarked: not after an edit of anything it was made from, whatever happened meanwhile."""

import shutil
from pathlib import Path
from typing import Callable

import pytest

from tests.project import Project
from tests.workflow.conftest import GIT, STUDY, must
from tests.workflow.oldness import (
    CHANGES,
    CHECKPOINT,
    EVENTS,
    RESULTS,
    cleaned,
    code,
    data,
    deleted,
    edit_answer,
    job_fails,
    job_killed,
    make_with,
    pin,
    setting,
    site,
    snakemake_killed,
    with_own_files,
)

Act = Callable[[Project], None]
SCORE = f"{RESULTS}/pope_score.json"
QUICK = [(setting, job_killed)]
ONE_OF_EACH = [(setting, job_killed), (code, job_fails), (data, deleted), (site, cleaned), (pin, snakemake_killed)]
ALL = [(change, event) for change in CHANGES for event in EVENTS]


@pytest.fixture(scope="module")
def _own(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("own_files")
    project = finished.clone(folder / "project")
    with_own_files(project, folder / "site")
    must(project.make())
    must(project.run("git", "init", "-q"))
    must(project.run(*GIT, "add", "-A"))
    must(project.run(*GIT, "commit", "-q", "-m", "the project"))
    must(project.run("vlmflow", "dvc", "sync", *STUDY))
    return project


@pytest.fixture()
def own(_own: Project, tmp_path: Path) -> Project:
    """Return an own copy of a finished study on files of one's own."""
    return _own.clone(tmp_path / "project")


def pair(change: Act, event: Act) -> pytest.ParameterSet:
    marks = [] if (change, event) in QUICK else [pytest.mark.long]
    return pytest.param(change, event, id=f"{change.__name__}-{event.__name__}", marks=marks)


def assert_marked(project: Project) -> None:
    """Every way to look at the study says that the score of `full` does not hold."""
    before = (project.root / SCORE).read_bytes()
    assert project.planned()["gather"] == 1
    assert "gather pope" in must(project.run("vlmflow", "why", *STUDY))
    assert project.run("vlmflow", "check").returncode == 1
    (row,) = [line for line in shown(project).splitlines() if line.startswith(" full ")]
    assert row.split()[-2] != "ok", row
    refused = project.run("vlmflow", "dvc", "commit", *STUDY)
    assert refused.returncode == 1 and "refused: gather-pope" in refused.text
    assert make_with(project, "exit 1").returncode != 0
    assert (project.root / SCORE).read_bytes() == before, "a failure must lose nothing"


def shown(project: Project) -> str:
    return must(project.run("vlmflow", "show", "--study", "mini"))


@pytest.mark.parametrize(("change", "event"), [pair(change, event) for change, event in ALL])
def test_an_old_score_never_stands_unmarked(own: Project, change: Act, event: Act) -> None:
    change(own)
    event(own)
    assert_marked(own)


@pytest.mark.long
@pytest.mark.parametrize(("change", "event"), ONE_OF_EACH)
def test_the_same_command_makes_the_score_true(own: Project, change: Act, event: Act) -> None:
    change(own)
    event(own)
    must(own.make())
    assert "Nothing to be done" in own.make().text
    assert shown(own).count(" ok ") == 3
    assert "All artefacts exist and match their records" in must(own.run("vlmflow", "check"))


@pytest.mark.long
def test_what_is_read_of_an_old_study_is_not_taken_for_new(own: Project) -> None:
    (own.root / "refine.yaml").write_text(
        "{study: mini, first: {run: full, benchmark: pope}, review: Sure?, model: m, url: http://127.0.0.1:9/v1}"
    )
    refine = ("vlmflow", "refine", "refine.yaml", "--out", "refined.json")
    ask = ("vlmflow", "ask", "full", "Is there a 3?", *STUDY)
    asked, refined = own.run(*ask), own.run(*refine)
    assert asked.returncode == 0 and "note:" not in asked.text and "60 rejected" in refined.text
    setting(own)
    assert "note: this model is not what the study would make now; stale: train full" in own.run(*ask).text
    refused = own.run(*refine)
    assert refused.returncode == 1 and "the study would make this file again" in refused.text


def test_what_stands_as_it_was_made_is_ok(own: Project) -> None:
    assert "Nothing to be done" in own.make().text
    assert shown(own).count(" ok ") == 3
    assert "All artefacts exist and match their records" in must(own.run("vlmflow", "check"))


def test_what_was_removed_on_purpose_is_made_for_no_sake_of_its_own(own: Project) -> None:
    cleaned(own)
    assert own.planned() == {}
    assert shown(own).count(" ok ") == 3
    assert must(own.run("vlmflow", "why", *STUDY)) == "Nothing would run.\n"
    assert "All artefacts exist and match their records" in must(own.run("vlmflow", "check"))
    assert own.planned(f"{RESULTS}/answers/full/pope.jsonl", "--forcerun", "predict")["train"] == 1


def test_what_was_deleted_by_hand_is_made_again_and_said(own: Project) -> None:
    paths = [CHECKPOINT, "data/tables/mini_instructions.parquet", "data/raw/mini_scenes/001.manifest.json"]
    for path in paths:
        gone = own.root / path
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    assert own.planned()["gather"] == 1
    reasons = must(own.run("vlmflow", "why", *STUDY))
    assert [path for path in paths if f"{path}: missing" not in reasons] == []
    assert " stale " in shown(own)


def test_a_touched_source_runs_nothing(own: Project) -> None:
    for path in (own.root / "own").rglob("*"):
        path.touch()
    assert own.planned() == {}


def test_an_edited_source_names_the_file(own: Project) -> None:
    edit_answer(own.root / "own/talk/instructions.json", "Another.")
    assert "other content of instructions.json" in must(own.run("vlmflow", "why", *STUDY))
    dry = own.snakemake("-n", "-c1", "--config", "study=mini").text
    assert "fetch mini_conversations-000: stale: own/talk: other content of instructions.json" in dry


@pytest.mark.long
def test_a_training_that_diverges_marks_the_old_score(own: Project) -> None:
    """Nothing is put in the place of anything: the rate is absurd, and the training says so itself."""
    setting(own)
    own.edit(
        "studies/mini.yaml",
        "2.0e-3, warmup: 0.05, beta2: 0.98, clip_norm: 1.0}\n\nruns",
        "1.0e+30, warmup: 0.05, beta2: 0.98, clip_norm: 1.0}\n\nruns",
    )
    assert own.make().returncode != 0
    (row,) = [line for line in shown(own).splitlines() if line.startswith(" full ")]
    assert "failed" in row
    tree = must(own.run("vlmflow", "lineage", "show", SCORE))
    assert f"{CHECKPOINT}.manifest.json" in tree and "its job failed since" in tree
    assert "study mini: failed: train full" in tree
    assert "Nothing to be done" not in own.make().text
