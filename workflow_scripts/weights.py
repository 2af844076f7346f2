"""Make the starting weights of a model."""

import logging

from pipeline_lib.conversations.table import Conversation, read_table
from pipeline_lib.job.job import Job
from pipeline_lib.job.manifest import Manifest, raw_files
from pipeline_lib.job.program import run
from pipeline_lib.training.settings import WeightsSettings
from pipeline_lib.weights.base import WeightsInputs

logger = logging.getLogger("pipeline_lib.weights")


def work(job: Job[WeightsSettings]) -> None:
    """Read tables and files, write the model."""
    from pipeline_lib.training.weights import make_weights

    tower = next((manifest.folder() for manifest in job.manifests("tower")), None)
    inputs = WeightsInputs(rows_of(job.manifests("tables")), raw_files(job.manifests("files")), tower)
    make_weights(job.settings, inputs, job.output("weights"))
    origin = job.settings.make.origin(inputs, job.settings.seed)
    for name in origin.get("unused_files", []):
        logger.warning("%s: this tensor file is not read", name)
    job.note(**origin)
    job.note(texts=len(inputs.rows))


def rows_of(tables: list[Manifest]) -> list[Conversation]:
    """Return the rows of some tables."""
    return [row for table in tables for row in read_table(table.twin(".parquet"))]


if __name__ == "__main__":
    run("weights", WeightsSettings, work, inputs=["tables", "files", "tower"], outputs=["weights"])
