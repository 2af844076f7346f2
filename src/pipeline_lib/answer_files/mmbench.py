"""Reader `mmbench`: the xlsx that MMBench's server takes, as LLaVA and InternVL write it."""

from pathlib import Path

from pipeline_lib.answer_files.base import Form
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.answers import join as join_records
from pipeline_lib.scoring.question_lookup import QuestionLookup
from pipeline_lib.scoring.spreadsheet import COLUMNS

ABOUT = "the xlsx for MMBench's server, with index, and prediction as its seventh column"

SEVENTH = 6  # the position of `prediction`


def fits(form: Form) -> bool:
    """Return whether the table has nothing but its two columns, or the prediction in MMBench's place."""
    if form.container != "spreadsheet" or not form.has(*COLUMNS):
        return False
    return len(form.keys) == len(COLUMNS) or form.keys.index("prediction") == SEVENTH


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer; an empty prediction is a missing one."""
    return join_records(lookup.questions, path)
