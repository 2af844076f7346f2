"""Reader `llava`: JSON Lines with `question_id` and `text`, the answer files of LLaVA and of this project."""

from pathlib import Path

from pipeline_lib.answer_files.base import Form
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.answers import answer_ids as recorded_ids
from pipeline_lib.scoring.answers import join as join_records
from pipeline_lib.scoring.answers import model_of as recorded_model
from pipeline_lib.scoring.asked import Asked

ABOUT = "JSON Lines with question_id and text, of LLaVA and of this project"


def fits(form: Form) -> bool:
    """Return whether the first record has an id and a text."""
    return form.container in ("lines", "object") and form.has("question_id", "text")


def join(path: Path, asked: Asked) -> Joined:
    """Return every question with its answer."""
    return join_records(asked.questions, path)


def answer_ids(path: Path) -> dict[str, str]:
    """Return the id of every answer that has one, by the id of its question in the file."""
    return recorded_ids(path)


def model_of(path: Path) -> str | None:
    """Return the digest of the model that gave the answers, if the records state one."""
    return recorded_model(path)
