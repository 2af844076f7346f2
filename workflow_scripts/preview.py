"""Write an HTML page that shows conversations of a training."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import read_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.preview.page import page
from pipeline_lib.preview.settings import PreviewSettings


def work(job: Job[PreviewSettings]) -> None:
    """Read the counts, write the page."""
    (counts,) = job.paths("counts")
    write_text(job.output("page"), page(job.final("page").stem, read_json(counts)))


if __name__ == "__main__":
    run("preview", PreviewSettings, work, plain=["counts"], outputs=["page"])
