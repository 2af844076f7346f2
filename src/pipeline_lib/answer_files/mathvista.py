"""Reader `mathvista`: MathVista's output file, an object of problems by id, each with the response of a model.

A problem's question and query are not compared: published files have older texts of some.
"""

from pathlib import Path
from typing import Iterator

from pipeline_lib.answer_files.base import Form
from pipeline_lib.core.text import read_object
from pipeline_lib.scoring.answers import Answer, Joined, join_records, record_of
from pipeline_lib.scoring.question_lookup import QuestionLookup

ABOUT = "an object of problems with response, of MathVista"


def fits(form: Form) -> bool:
    """Return whether the file is an object of objects, all with a response."""
    problems = form.first.values() if form.container == "object" else ()
    return bool(problems) and all(isinstance(problem, dict) and "response" in problem for problem in problems)


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its response."""
    return join_records(lookup.questions, _answers(path), path)


def _answers(path: Path) -> Iterator[Answer]:
    for name, problem in read_object(path).items():
        where, response = f"{path}, {name}", problem.get("response") if isinstance(problem, dict) else problem
        yield Answer(where, record_of({"question_id": name, "text": response}, where))
