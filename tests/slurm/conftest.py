"""A cluster for the tests of a file, in the shape that it asks for, skipped without root."""

from typing import Iterator

import pytest

from tests.slurm.cluster import Cluster, NotToBeHadError, install, running


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Skip what needs a cluster where none can be had."""
    try:
        install()
    except NotToBeHadError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Return a running cluster of the module's SHAPE."""
    with running(request.module.SHAPE) as found:
        yield found
