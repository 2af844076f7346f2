"""Reader `mme_lists`: MME's result lists, a folder of CATEGORY.txt or one of them, with the answer as fourth column."""

from pathlib import Path, PurePosixPath
from typing import Iterator

from pipeline_lib.answer_files.base import Form
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import numbered_lines
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.matching import ToolAnswer, join_answers
from pipeline_lib.scoring.question_lookup import QuestionLookup

ABOUT = "MME's lists CATEGORY.txt with image, question, gold answer and answer between tabs, of InternVL and LLaVA"

FIELDS = 4
GOLD = ("yes", "no")


def fits(form: Form) -> bool:
    """Return whether a folder has lists alone, or the first line of a file is one of a list."""
    if form.container == "folder":
        return bool(form.files) and all(name.endswith(".txt") for name in form.files)
    return form.container == "table" and len(form.keys) == FIELDS and form.keys[2].strip().lower() in GOLD


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer; the name of a list is its category."""
    lists = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    return join_answers([answer for file in lists for answer in _answers(file)], lookup, path)


def _answers(path: Path) -> Iterator[ToolAnswer]:
    for number, line in numbered_lines(path):
        where, fields = f"{path}:{number}", line.rstrip("\r\n").split("\t")
        if len(fields) != FIELDS or fields[2].strip().lower() not in GOLD:
            what = "a line of MME's results has image, question, yes or no, and the answer, between tabs"
            raise PipelineError(what, where=where, value=line, cure="write the line again: it is torn")
        image, question, _, text = fields
        yield ToolAnswer(where, text, id=f"{path.stem}/{PurePosixPath(image).stem}", question=question, part=path.stem)
