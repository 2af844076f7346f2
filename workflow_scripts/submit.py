"""Write one run's answers in the file format of a benchmark's evaluation server."""

from pipeline_lib.benchmarks.base import open_files
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import write_lines
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.chosen import chosen
from pipeline_lib.scoring.submit import SubmitSettings, make_submission


def work(job: Job[SubmitSettings]) -> None:
    """Read answers and questions, write the submission, and beside it what it had to cut."""
    answers = job.manifest("answers").only_file()
    files = open_files(job.manifests("questions"), job.settings.files)
    only = chosen(job.manifests("chosen"), "questions")
    upload, missing = make_submission(answers, files, job.settings, only)
    job.output("submission").write_bytes(upload.content)
    write_lines(job.output("cut"), upload.cut)
    write_text(job.output("whole"), upload.whole)
    job.note(missing=missing, cut=len(upload.cut))


if __name__ == "__main__":
    outputs = ["submission", "cut", "whole"]
    run("submit", SubmitSettings, work, inputs=["answers", "questions", "chosen"], outputs=outputs)
