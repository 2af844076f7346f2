"""Answer the questions of a benchmark with a model."""

from pipeline_lib.inference.settings import PredictSettings
from pipeline_lib.inspection.verdict import expect_no_fault
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[PredictSettings]) -> None:
    """Read model, questions and images, write the answers."""
    expect_no_fault(job.paths("clearance"))  # before anything is loaded
    from pipeline_lib.benchmarks.base import open_files
    from pipeline_lib.core.text import write_lines
    from pipeline_lib.engines.base import EnginePaths
    from pipeline_lib.images.upright import image_reader
    from pipeline_lib.inference.predict import answer_benchmark
    from pipeline_lib.rehearsal.chosen import chosen

    files = open_files(job.manifests("questions"), job.settings.files)
    indexes = [index.file("index.parquet") for index in job.manifests("indexes")]
    images = image_reader(indexes, job.settings.upright)
    only = chosen(job.manifests("chosen"), "questions")
    paths = EnginePaths(job.state(), job.log.parent.parent / "serve" / job.log.name)
    model = next(iter(job.manifests("model")), None)  # none for an engine that brings its own
    records = answer_benchmark(model, files, images, job.settings, paths, only)
    write_lines(job.output("answers"), records)


if __name__ == "__main__":
    inputs, files = ["model", "questions", "indexes", "chosen"], ["clearance"]
    run("predict", PredictSettings, work, inputs=inputs, files=files, outputs=["answers"])
