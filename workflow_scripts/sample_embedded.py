"""Choose the rows of a subset by their embeddings."""

from pipeline_lib.conversations.holdout import apart_from, held_out
from pipeline_lib.conversations.sample import SampleSettings
from pipeline_lib.conversations.sample_embedded import sample_embedded
from pipeline_lib.conversations.subset import write_subset
from pipeline_lib.conversations.table import read_table
from pipeline_lib.core.embeddings import read_embeddings
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[SampleSettings]) -> None:
    """Read the table, what is held out of it, and its embeddings, write the subset."""
    held = held_out(*([each.only_file() for each in job.manifests(name)] for name in ("held", "shared")))
    table = read_table(job.manifest("table").twin(".parquet"))
    remaining = apart_from(held, table)
    rows = sample_embedded(remaining, job.settings, read_embeddings(job.manifest("embeddings").only_file()))
    write_subset(job.output("subset"), rows)
    job.note(rows=len(rows), held_out=len(table) - len(remaining))


if __name__ == "__main__":
    inputs = ["table", "embeddings", "held", "shared"]
    run("sample_embedded", SampleSettings, work, inputs=inputs, outputs=["subset"])
