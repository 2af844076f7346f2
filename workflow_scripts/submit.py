"""Write one run's answers in the file format of a benchmark's evaluation server."""

from pipeline_lib.benchmarks.base import open_files
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.chosen import chosen
from pipeline_lib.scoring.submit import SubmitSettings, make_submission


def work(job: Job[SubmitSettings]) -> None:
    """Read answers and questions, write the submission."""
    answers = job.manifest("answers").only_file()
    files = open_files(job.manifests("questions"), job.settings.files)
    only = chosen(job.manifests("chosen"), "questions")
    content, missing = make_submission(answers, files, job.settings, only)
    job.output("submission").write_bytes(content)
    job.note(missing=missing)


if __name__ == "__main__":
    run("submit", SubmitSettings, work, inputs=["answers", "questions", "chosen"], outputs=["submission"])
