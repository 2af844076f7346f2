"""Check the questions of a benchmark against its images, gold and protocol, before a model is trained or evaluated."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inspection.questions import inspect_questions
from pipeline_lib.inspection.settings import InspectQuestionsSettings
from pipeline_lib.inspection.verdict import verdict
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.chosen import chosen


def work(job: Job[InspectQuestionsSettings]) -> None:
    """Read questions, gold and image indexes, write counts and verdict."""
    images = ImageReader([manifest.file("index.parquet") for manifest in job.manifests("indexes")])
    only = chosen(job.manifests("chosen"), "questions")
    inspection = inspect_questions(job.manifests("questions"), images, job.settings, only)
    write_text(job.output("counts"), pretty_json(inspection.report))
    write_text(job.output("verdict"), pretty_json(verdict(inspection.faults)))
    job.note(faults=len(inspection.faults))


if __name__ == "__main__":
    inputs, outputs = ["questions", "indexes", "chosen"], ["counts", "verdict"]
    run("inspect_questions", InspectQuestionsSettings, work, inputs=inputs, outputs=outputs)
