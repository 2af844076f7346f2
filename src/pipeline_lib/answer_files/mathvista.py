"""Reader `mathvista`: MathVista's output file, an object of problems by id, each with the response of a model."""

from pathlib import Path

from pipeline_lib.answer_files.base import Form
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.answers import join as join_records
from pipeline_lib.scoring.asked import Asked

ABOUT = "an object of problems with response, of MathVista"


def fits(form: Form) -> bool:
    """Return whether the file is an object of objects, all with a response."""
    problems = form.first.values() if form.container == "object" else ()
    return bool(problems) and all(isinstance(problem, dict) and "response" in problem for problem in problems)


def join(path: Path, asked: Asked) -> Joined:
    """Return every question with its response."""
    return join_records(asked.questions, path)
