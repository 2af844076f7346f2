"""Choose the rows of a subset."""

from pipeline_lib.core.job import Job
from pipeline_lib.core.program import run
from pipeline_lib.instruct.subset import SampleSettings, sample, write_subset
from pipeline_lib.instruct.table import read_table


def work(job: Job[SampleSettings]) -> None:
    """Read the table, write the subset."""
    rows = sample(read_table(job.manifest("table").twin(".parquet")), job.settings)
    write_subset(job.output("subset"), rows)
    job.note(rows=len(rows))


if __name__ == "__main__":
    run("sample", SampleSettings, work, inputs=["table"], outputs=["subset"])
