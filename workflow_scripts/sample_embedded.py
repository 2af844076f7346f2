"""Choose the rows of a subset by their embeddings."""

from pipeline_lib.conversations.sample import SampleSettings
from pipeline_lib.conversations.sample_embedded import sample_embedded
from pipeline_lib.conversations.subset import write_subset
from pipeline_lib.conversations.table import read_table
from pipeline_lib.core.embeddings import read_embeddings
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[SampleSettings]) -> None:
    """Read the table and its embeddings, write the subset."""
    embeddings = read_embeddings(job.manifest("embeddings").only_file())
    rows = sample_embedded(read_table(job.manifest("table").twin(".parquet")), job.settings, embeddings)
    write_subset(job.output("subset"), rows)
    job.note(rows=len(rows))


if __name__ == "__main__":
    run("sample_embedded", SampleSettings, work, inputs=["table", "embeddings"], outputs=["subset"])
