"""Make the starting weights of a model."""

from pipeline_lib.core.job import Job, run
from pipeline_lib.instruct.table import read_table
from pipeline_lib.weights.base import WeightsSettings
from pipeline_lib.weights.make import make_weights


def work(job: Job[WeightsSettings]) -> None:
    """Read the texts of the tables, write the model."""
    rows = [row for table in job.manifests("tables") for row in read_table(table.twin(".parquet"))]
    make_weights(job.settings, rows, job.output("weights"))


if __name__ == "__main__":
    run("weights", WeightsSettings, work, inputs=["tables"], outputs=["weights"])
