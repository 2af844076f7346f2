"""Choose the questions of a benchmark that a rehearsal takes, with the images that they use."""

from pipeline_lib.benchmarks.base import open_files
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.questions import QuestionsSettings, choose_questions


def work(job: Job[QuestionsSettings]) -> None:
    """Read the questions, write the choice."""
    choice = choose_questions(open_files(job.manifests("questions"), job.settings.files), job.settings)
    write_text(job.output("chosen"), pretty_json(choice))
    job.note(questions=len(choice["questions"]))


if __name__ == "__main__":
    run("choose_questions", QuestionsSettings, work, inputs=["questions"], outputs=["chosen"])
