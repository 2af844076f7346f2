"""List the images of a table that a benchmark shows."""

from pipeline_lib.benchmarks.base import load_benchmark, only, open_files
from pipeline_lib.core.text import write_lines
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.overlap.compare import asked_of
from pipeline_lib.overlap.prints import read_prints
from pipeline_lib.overlap.settings import SharedImagesSettings
from pipeline_lib.overlap.shared import shared_images
from pipeline_lib.rehearsal.chosen import chosen


def work(job: Job[SharedImagesSettings]) -> None:
    """Read questions and fingerprints, write the shared images."""
    settings = job.settings
    files = open_files(job.manifests("questions"), settings.files)
    questions = load_benchmark(settings.benchmark, settings.protocol).questions(files, settings.protocol)
    images = ImageReader([manifest.file("index.parquet") for manifest in job.manifests("indexes")])
    asked = asked_of(only(questions, chosen(job.manifests("chosen"), "questions")), images, settings.near)
    seen, shown = (read_prints(shard.only_file() for shard in job.manifests(name)) for name in ("table", "prints"))
    shared = shared_images(asked, seen, shown)
    write_lines(job.output("shared"), shared)
    job.note(images=len(seen), shared=len(shared))


if __name__ == "__main__":
    inputs = ["questions", "indexes", "chosen", "table", "prints"]
    run("shared_images", SharedImagesSettings, work, inputs=inputs, outputs=["shared"])
