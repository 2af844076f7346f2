"""A cluster for the tests of a file, in the shape that the file asks for; without root they are skipped, saying why."""

from typing import Iterator

import pytest

from tests.slurm.cluster import Cluster, hindrance, running


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Return a running cluster of the module's SHAPE."""
    reason = hindrance()
    if reason is not None:
        pytest.skip(reason)
    with running(request.module.SHAPE) as found:
        yield found
