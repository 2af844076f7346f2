"""Reader `llava`: JSON Lines with `question_id` and `text`, the answer files of LLaVA and of this project."""

from pathlib import Path

from pipeline_lib.answer_files.base import Form
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.answers import join as join_records
from pipeline_lib.scoring.question_lookup import QuestionLookup

ABOUT = "JSON Lines with question_id and text, of LLaVA and of this project"


def fits(form: Form) -> bool:
    """Return whether the first record has an id and a text."""
    return form.container in ("lines", "object") and form.has("question_id", "text")


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer."""
    return join_records(lookup.questions, path)
