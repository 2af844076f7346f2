"""Reader `internvl`: the results of InternVL's evaluators, JSON or JSON Lines, and the uploads of the same keys.

Forms of OpenGVLab/InternVL 2410d1d, `internvl_chat/eval/**/evaluate_*.py`. Each has the keys of its benchmark; `FORMS`
lists them. Where a reply stands beside what the evaluator read from it (`answer_orig`, `text_orig`), the reply counts,
unless it names a final answer, which the evaluator has cut out.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from pipeline_lib.answer_files.base import Form, has_json_lines, read_loose_json
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_rows_with_place
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.matching import ToolAnswer, join_answers
from pipeline_lib.scoring.question_lookup import QuestionLookup

ABOUT = "JSON or JSON Lines of InternVL's evaluators, and uploads to servers with the same keys"

READ = "InternVL's evaluator has already read letters from the replies to choices: other protocols read only these"
FINAL = re.compile(r"(Final answer:|Answer:)", re.IGNORECASE)  # `extract_answer` of its evaluators


@dataclass(frozen=True)
class Keys:
    """The keys of one form of record: of its text, and of what it says of the question."""

    text: str
    id: str = ""
    question: str = ""
    image: str = ""
    part: str = ""
    also: tuple[str, ...] = ()  # further keys, which tell forms apart
    note: str = ""

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the keys that every record of this form has."""
        return tuple(filter(None, (self.text, self.id, self.question, self.image, self.part, *self.also)))


FORMS = (  # the first whose keys a record has reads it
    Keys("text", id="question_id", also=("text_orig",)),  # pope
    Keys("prediction", id="question_id", question="question", also=("answer",)),  # seed
    Keys("answer", question="question", image="image_path", part="task_type"),  # tiny_lvlm
    Keys("answer", question="question", image="image_path", also=("answer_orig",)),  # scienceqa
    Keys("answer", id="data_id", question="question", note=READ),  # mmmu, mmvp
    Keys("answer", id="question_id", question="question"),  # vqa: VQAv2, OK-VQA, TextVQA, VizWiz
    Keys("answer", id="questionId", question="question"),  # vqa: DocVQA, GQA, OCR-VQA
    Keys("answer", id="image", question="question", also=("annotation",)),  # vqa: AI2D
    Keys("answer", question="question", also=("annotation",)),  # vqa: ChartQA
    Keys("caption", id="image_id"),  # caption
    Keys("text", id="question_id"),
    Keys("answer", id="questionId"),
    Keys("prediction", id="questionId"),
    Keys("prediction", id="question_id"),
    Keys("answer", id="question_id"),
    Keys("answer", image="image"),  # vqa: VizWiz test
    Keys("response", id="id"),
)
BOXES = ("answer", "gt_bbox", "hw")  # refcoco
QUESTION = ("question_id", "question", "image", "answer")  # of InternVL's question files, whose answer is gold


def fits(form: Form) -> bool:
    """Return whether the first record has the keys of a form, or the file is an object of texts by id."""
    if form.has("index", "prediction"):
        return False
    if form.container == "object":
        return (
            bool(form.keys) and all(isinstance(text, str) for text in form.first.values()) and _keys(form.keys) is None
        )
    if form.container == "lines":
        return not form.has("question_id", "text") and _keys(form.keys) is not None
    return form.container == "list" and (form.has(*BOXES) or _keys(form.keys) is not None)


def note(form: Form) -> str:
    """Return what other protocols cannot know of the answers, empty if nothing."""
    keys = _keys(form.keys) if form.container != "object" else None
    return keys.note if keys else ""


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer."""
    return join_answers([_answer_of(row, where) for where, row in _rows(path)], lookup, path)


def _keys(names: tuple[str, ...]) -> Keys | None:
    return next((keys for keys in FORMS if set(keys.needed) <= set(names)), None)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the position and the content of every record."""
    if has_json_lines(path):
        yield from read_rows_with_place(path)
        return
    content = read_loose_json(path)
    if isinstance(content, dict):
        content = [{"question_id": name, "text": text} for name, text in content.items()]
    if not isinstance(content, list):
        raise PipelineError("InternVL's results are a list, or an object of texts by id", where=path)
    for number, row in enumerate(content, 1):
        if not isinstance(row, dict):
            raise PipelineError("a record of results is an object", where=f"{path}, row {number}", value=row)
        yield f"{path}, row {number}", row


def _answer_of(row: dict[str, Any], where: str) -> ToolAnswer:
    if set(BOXES) <= row.keys():
        what = "InternVL's results for boxes name neither the image nor the expression, so they belong to no question"
        raise PipelineError(what, where=where, value=", ".join(row), cure="score answers with ids")
    if set(QUESTION) <= row.keys():
        what, cure = "these are questions with their gold answers", "name the file with the model's answers"
        raise PipelineError(what, where=where, value=", ".join(row), cure=cure)
    keys = _keys(tuple(row))
    if keys is None:
        raise PipelineError("no record of InternVL's results has these keys", where=where, value=", ".join(row))
    identifier, question, image, part = (
        str(row[key]) if key else "" for key in (keys.id, keys.question, keys.image, keys.part)
    )
    return ToolAnswer(where, _text(row, keys.text, where), identifier, question, image, part)


def _text(row: dict[str, Any], key: str, where: str) -> str | None:
    """Return the model's reply; nothing in its place is a failed one."""
    reply = row.get(f"{key}_orig")
    text = reply if isinstance(reply, str) and not FINAL.search(reply) else row[key]
    if text is not None and not isinstance(text, str):
        raise PipelineError("an answer is a text", where=where, value=text, cure="write the file again")
    return text
