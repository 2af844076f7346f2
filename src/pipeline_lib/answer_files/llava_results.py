"""Reader `llava_results`: the result file of LLaVA's ScienceQA scorer, whose `outputs` has each text by its id."""

from pathlib import Path

from pipeline_lib.answer_files.base import Form
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.answers import join as join_records
from pipeline_lib.scoring.question_lookup import QuestionLookup

ABOUT = "an object with outputs, of LLaVA's ScienceQA scorer"


def fits(form: Form) -> bool:
    """Return whether the file is an object with `outputs`."""
    return form.container == "object" and form.has("outputs")


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer; FAILED is a missing one."""
    return join_records(lookup.questions, path)
