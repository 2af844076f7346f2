"""Make the starting weights of a model."""

from pipeline_lib.core.job import Job
from pipeline_lib.core.manifest import Manifest
from pipeline_lib.core.program import run
from pipeline_lib.instruct.table import Conversation, read_table
from pipeline_lib.training.settings import WeightsSettings


def work(job: Job[WeightsSettings]) -> None:
    """Read the tables, write the model."""
    from pipeline_lib.training.curve import write_curve
    from pipeline_lib.training.resume import Resume
    from pipeline_lib.training.weights import make_weights

    texts, lessons = rows_of(job.manifests("tables")), rows_of(job.manifests("lessons"))
    steps = make_weights(job.settings, texts, lessons, job.output("weights"), Resume(job.state(), job.save_every))
    write_curve(job.output("curve"), steps)
    job.note(texts=len(texts), lessons=len(lessons), steps=len(steps))


def rows_of(tables: list[Manifest]) -> list[Conversation]:
    """Return the rows of some tables."""
    return [row for table in tables for row in read_table(table.twin(".parquet"))]


if __name__ == "__main__":
    run("weights", WeightsSettings, work, inputs=["tables", "lessons"], outputs=["weights", "curve"])
