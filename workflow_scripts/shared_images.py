"""List the images of a table that a benchmark shows."""

from pipeline_lib.core.text import write_lines
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.overlap.asked import read_asked
from pipeline_lib.overlap.prints import read_prints
from pipeline_lib.overlap.settings import SharedImagesSettings
from pipeline_lib.overlap.shared import shared_images


def work(job: Job[SharedImagesSettings]) -> None:
    """Read questions and fingerprints, write the shared images."""
    settings = job.settings
    asked = read_asked(settings, job.manifests("questions"), job.manifests("indexes"), job.manifests("chosen"))
    seen, shown = (read_prints(shard.only_file() for shard in job.manifests(name)) for name in ("table", "prints"))
    shared = shared_images(asked, seen, shown)
    write_lines(job.output("shared"), shared)
    job.note(images=len(seen), shared=len(shared))


if __name__ == "__main__":
    inputs = ["questions", "indexes", "chosen", "table", "prints"]
    run("shared_images", SharedImagesSettings, work, inputs=inputs, outputs=["shared"])
