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

    The tables are that of the subset, then that of the rows for validation, if there are any.
    """
    subsets = [*manifests("subset"), *manifests("validation")]
    rows, *validation = [
        subset_conversations(subset.only_file(), table) for subset, table in zip(subsets, paths("table"), strict=True)
    ]
    return TrainingInputs(
        given_base(manifests),
        [row for row in rows if row.row not in left_out],
        ImageReader(paths("indexes")),
        seed,
        validation[0] if validation else [],
    )
