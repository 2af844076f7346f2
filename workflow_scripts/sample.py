"""Choose the rows of a subset."""

from pipeline_lib.conversations.sample import SampleSettings, sample
from pipeline_lib.conversations.subset import write_subset
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[SampleSettings]) -> None:
    """Read the table or the pins of its rows, write the subset."""
    table = job.manifest("table")
    rows = sample(table.twin(".parquet"), table.twin(".pins.parquet"), job.settings)
    write_subset(job.output("subset"), rows)
    job.note(rows=sum(map(len, rows)))


if __name__ == "__main__":
    run("sample", SampleSettings, work, inputs=["table"], outputs=["subset"])
