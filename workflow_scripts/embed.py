"""Embed the images and the text of every row of a table by a CLIP model."""

from pipeline_lib.embedding.settings import EmbedSettings
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[EmbedSettings]) -> None:
    """Read the table, its images and the model, write the embeddings."""
    from pipeline_lib.conversations.table import read_table
    from pipeline_lib.core.embeddings import write_embeddings
    from pipeline_lib.embedding.embed import embed
    from pipeline_lib.images.reader import ImageReader
    from pipeline_lib.models.clip import open_clip

    rows = read_table(job.manifest("table").twin(".parquet"))
    clip = open_clip(job.manifest("model").folder())
    images, texts = embed(rows, clip, ImageReader(job.paths("indexes")), job.settings)
    write_embeddings(job.output("embeddings"), [row.row for row in rows], images, texts)
    job.note(rows=len(rows), dimensions=images.shape[1])


if __name__ == "__main__":
    run("embed", EmbedSettings, work, inputs=["model", "table"], files=["indexes"], outputs=["embeddings"])
