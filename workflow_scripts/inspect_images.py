"""Check that all rows of a training have an image, or that none has, as its recipe requires."""

from pipeline_lib.conversations.subset import subset_conversations
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.preview.images import images_verdict
from pipeline_lib.preview.settings import InspectImagesSettings


def work(job: Job[InspectImagesSettings]) -> None:
    """Read the rows, write the verdict."""
    subsets = zip(job.manifests("subset"), job.paths("table"), strict=True)
    rows = [row for subset, table in subsets for row in subset_conversations(subset.only_file(), table)]
    write_text(job.output("verdict"), pretty_json(images_verdict(rows, job.settings)))
    job.note(rows=len(rows))


if __name__ == "__main__":
    run("inspect_images", InspectImagesSettings, work, inputs=["subset"], files=["table"], outputs=["verdict"])
