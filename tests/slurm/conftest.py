"""A cluster for the tests of a file, in the shape that it asks for, skipped without root; a study half made for faults."""

from pathlib import Path
from typing import Iterator

import pytest

from pipeline_lib.core.files import remove
from tests.project import Project
from tests.slurm.cluster import Cluster, hindrance, running


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Return a running cluster of the module's SHAPE."""
    reason = hindrance()
    if reason is not None:
        pytest.skip(reason)
    with running(request.module.SHAPE) as found:
        yield found


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
