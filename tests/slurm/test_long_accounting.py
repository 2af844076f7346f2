"""Faults of which `sacct` tells otherwise than `squeue`: the same tests, on a cluster with accounting."""

import pytest

from tests.slurm.shape import Shape
from tests.slurm.test_long_faults import (
    mended,
    test_a_node_is_lost_with_its_job,
    test_a_preempted_training_is_requeued,
)

__all__ = ["mended", "test_a_node_is_lost_with_its_job", "test_a_preempted_training_is_requeued"]

pytestmark = [pytest.mark.slurm, pytest.mark.long]

SHAPE = Shape(urgent=True, accounting=True)
