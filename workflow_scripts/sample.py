"""Choose the rows of a subset."""

from pipeline_lib.conversations.sample import SampleSettings, sample
from pipeline_lib.conversations.subset import write_subset
from pipeline_lib.conversations.table import read_table
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[SampleSettings]) -> None:
    """Read the table, write the subset."""
    rows = sample(read_table(job.manifest("table").twin(".parquet")), job.settings)
    write_subset(job.output("subset"), rows)
    job.note(rows=len(rows))


if __name__ == "__main__":
    run("sample", SampleSettings, work, inputs=["table"], outputs=["subset"])
