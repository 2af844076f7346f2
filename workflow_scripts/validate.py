"""Compute the loss of a training's model on the rows of a subset."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.validation.settings import ValidateSettings


def work(job: Job[ValidateSettings]) -> None:
    """Read model, rows and images, write the loss."""
    from pipeline_lib.conversations.subset import subset_conversations
    from pipeline_lib.images.reader import ImageReader
    from pipeline_lib.validation.validate import validate

    (table,) = job.paths("table")
    rows = subset_conversations(job.manifest("subset").only_file(), table)
    loss = validate(job.manifest("model").folder(), rows, ImageReader(job.paths("indexes")), job.settings)
    write_text(job.output("loss"), pretty_json(loss))


if __name__ == "__main__":
    inputs, files = ["model", "subset"], ["table", "indexes"]
    run("validate", ValidateSettings, work, inputs=inputs, files=files, outputs=["loss"])
