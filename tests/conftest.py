"""What tests share: the project's root, recordings of real models, and copies of the project to run."""

import errno
import fcntl
import os
from pathlib import Path

import hypothesis
import numpy  # noqa: F401  # whose threads are limited below
import pytest
from threadpoolctl import threadpool_limits

from pipeline_lib.core.files import remove
from tests import quick_start
from tests.project import ROOT, Project
from tests.recordings import SAMPLES, Recordings, lay_out_answers

RECORDED = ROOT.parent / "shared" / "recorded"
GOLDEN = ROOT.parent / "shared" / "golden"
WHOLE = pytest.param("whole", marks=pytest.mark.long)  # the sample has some of everything

threadpool_limits(1)  # this process alone: more threads wait for each other on arrays this small
hypothesis.settings.register_profile("patient", deadline=None)  # a loaded machine is no fault
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that no worker is left with one at the end, and of those what waits for no run."""
    items.sort(key=lambda item: (item.path.parent.name != "workflow", "finished" in getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session", params=["sample", WHOLE])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    """Return recorded answers of real models: a committed sample, or all, which lie beside the project on some machines only."""
    if request.param == "sample":
        folder = tmp_path_factory.mktemp("recorded")
        lay_out_answers(folder)
        return Recordings(folder, "sample")
    if not RECORDED.is_dir():
        pytest.skip(f"the recordings are not here: {RECORDED}")
    return Recordings(RECORDED, "whole")


@pytest.fixture(scope="session", params=["sample", WHOLE])
def golden(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what LLaVA's own code was given and gave.

    The sample is committed; the whole, which has larger models too, lies beside the project on some machines only.
    """
    if request.param == "sample":
        from tests.sample import lay_out

        folder = tmp_path_factory.mktemp("sample")
        lay_out(SAMPLES / "llava", folder)
        return folder
    if not GOLDEN.is_dir():
        pytest.skip(f"the numbers of the original code are not here: {GOLDEN}")
    return GOLDEN


@pytest.fixture()
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file system be one without locks."""

    def refuse(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.fixture()
def fresh(tmp_path: Path) -> Project:
    """Return a copy of the project in which nothing has run."""
    return Project.copy(tmp_path / "project")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy of the project in which the study `mini` has run once; tests leave it as it was.

    Snakemake and the first job of every script load their own libraries: an import that a script lacks fails here.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base  # workers make it once for all
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "finished").is_dir():
            project = Project.copy(shared / "making")
            done = project.snakemake("-c2", "--config", "study=mini", PATH=quick_start.alone_once(shared / "alone"))
            assert done.returncode == 0, done.text
            project.root.rename(shared / "finished")
    return Project(shared / "finished").clone(tmp_path_factory.mktemp("own") / "project")


@pytest.fixture()
def mini(finished: Project, tmp_path: Path) -> Project:
    """Return an own copy of the finished project, for tests that change something."""
    return finished.clone(tmp_path / "mini")


@pytest.fixture()
def unfinished(finished: Project, tmp_path: Path) -> Project:
    """Return a copy of the finished study that still has to train `half` and to ask and score `half` and `full`."""
    project = finished.clone(tmp_path / "unfinished")
    results = project.root / "results/mini"
    remove(project.root / ".vlmflow")
    for path in results.glob("checkpoints/half*"):
        remove(path)
    for run in ("half", "full"):
        for part in ("answers", "verdicts", "scores"):
            remove(results / part / run)
    remove(results / "pope_score.json")
    return project
