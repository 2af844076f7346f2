"""Reads what a training starts from: the rows of its subsets, their images, and the checkpoints of its base."""

from collections.abc import Callable, Container
from pathlib import Path

from pipeline_lib.conversations.subset import subset_conversations
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.models.base import given_base
from pipeline_lib.training.task import TrainingInputs


def read_inputs(
    manifests: Callable[[str], list[Manifest]], paths: Callable[[str], list[Path]], seed: int, left_out: Container[int]
) -> TrainingInputs:
    """Return the inputs of a train job, given its manifests and files by option, without the rows to leave out.

    The tables are that of the subset, then that of the rows for validation, where the training has them.
    """
    tables = iter(paths("table"))
    rows, validation = (
        [row for subset in manifests(name) for row in subset_conversations(subset.only_file(), next(tables))]
        for name in ("subset", "validation")
    )
    rows = [row for row in rows if row.row not in left_out]
    return TrainingInputs(given_base(manifests), rows, ImageReader(paths("indexes")), seed, validation)
