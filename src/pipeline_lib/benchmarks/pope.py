"""POPE: whether an object is in the image, yes or no, with three categories of negatives.

Files and scorer of haotian-liu/LLaVA c121f04 (`llava/eval/eval_pope.py`) and AoiDragon/POPE; OpenGVLab/InternVL asks
with a space at the end (`internvl_chat/eval/pope/evaluate_pope.py` of 0355722), and scores alike. Three differences:
labels are joined by id instead of position, any label but yes or no is an error instead of a yes, and an undefined
ratio is null instead of an error. docs/benchmarks.md compares the protocols.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from pipeline_lib.benchmarks.base import Files, Question, by_image, some
from pipeline_lib.benchmarks.families.data import COCO_VAL2014, LLAVA_EVAL, Drive, FileList, Sources
from pipeline_lib.benchmarks.families.protocols import SHORT, SHORT_BELOW, YES_OR_NO_BEHIND, Appending
from pipeline_lib.benchmarks.families.published import (
    INTERNVL_LEGACY_README,
    INTERNVL_README,
    LLAVA_ZOO,
    RECORDED,
    Published,
)
from pipeline_lib.benchmarks.families.yes_no import (
    Rates,
    YesNoScorer,
    lmms_eval_pope,
    pope_words,
    vlmevalkit_pope,
)
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import Count, FileRow, Text, parse_row
from pipeline_lib.core.text import read_rows_with_place

logger = logging.getLogger(__name__)

PRIMARY = "f1"
SHOWN = ("accuracy", "f1", "yes")  # accuracy first: always answering yes has an F1 of 0.667, as half the labels are yes
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "f1", "2,910 + 3,000 + 3,000 questions", (85.9, 85.9, 86.4, 86.7)),
    Published(INTERNVL_README, "internvl12", "f1", "2,910 + 3,000 + 3,000 questions", (87.1, 88.0, 88.7)),
    Published(INTERNVL_LEGACY_README, "internvl12", "f1", "not stated", (85.2, 85.4, 87.6)),
)


@dataclass(frozen=True)
class QuestionWording(Appending):
    """How a project asks: the text of the file, or `bare`: its question without the file's request."""

    bare: bool = False

    def prompt(self, text: str) -> str:
        """Return the prompt of a question with the text in the file."""
        if self.bare:
            text = _stem(text) or text.replace(SHORT, "").strip()
        return text + self.after


PROTOCOLS = {
    "llava15": QuestionWording(128),
    "internvl12": QuestionWording(100, after=" "),
    "lmms_eval": QuestionWording(128, after=SHORT_BELOW, bare=True),
    "vlmevalkit": QuestionWording(2048, after=YES_OR_NO_BEHIND, bare=True),
}
SCORER = YesNoScorer(
    (Rates(),),
    readers={
        "llava15": pope_words,
        "internvl12": pope_words,
        "lmms_eval": lmms_eval_pope,
        "vlmevalkit": vlmevalkit_pope,
    },
)

cluster = by_image

LABELS = "https://raw.githubusercontent.com/AoiDragon/POPE/e3e39262c85a6a83f26cf5094022a782cb0df58d/output/coco/"
DATA = Sources(
    questions=Drive(
        "pope_questions",
        LLAVA_EVAL,
        below="pope",
        file="llava_pope_test.jsonl",
        smoke={"kind": "digits_pope", "part": "test", "scenes": 4, "only": "*.jsonl"},
    ),
    gold=FileList(  # from the commit whose random split is in LLaVA's questions: 2,910 rows
        "pope_labels",
        LABELS,
        ("coco_pope_adversarial.json", "coco_pope_popular.json", "coco_pope_random.json"),
        folder="labels",
        licence="MIT",
        smoke={"kind": "digits_pope", "part": "test", "scenes": 4, "only": "labels/*"},
    ),
    images=COCO_VAL2014,
)

CATEGORY_STRIDE = 10_000_000  # an id of LLaVA is this times the category's number, plus the id in the label file
NEWER_STRIDE = 10_000  # the same in question files of the newer version


class QuestionRow(FileRow):
    """A row of LLaVA's question file."""

    question_id: Count
    image: Text
    text: Text
    category: Annotated[str, StringConstraints(pattern=r"^[\w-]+$")]  # part of a file name


class LabelRow(FileRow):
    """A row of a label file."""

    question_id: Count
    image: Text
    text: Text
    label: Literal["yes", "no"]


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of LLaVA's question file (`llava_pope_test.jsonl`)."""
    rows = [
        parse_row(QuestionRow, row, "this is no question of POPE", where)
        for where, row in read_rows_with_place(files.questions)
    ]
    prompt = PROTOCOLS[protocol].prompt
    return [
        Question(str(row.question_id), prompt(row.text), (row.image,), row.category, stem=_stem(row.text))
        for row in rows
    ]


def other_ids(question: Question) -> set[str]:
    """Return the number of a question within its category, which label files and lmms-eval give it as id."""
    return {str(int(question.id) % stride) for stride in (CATEGORY_STRIDE, NEWER_STRIDE)}


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
    """Return yes or no by question id, from `coco_pope_<category>.json` files.

    Image and text must match the label's; the question file may append a request to the text.
    """
    folder = _label_folder(files)
    categories = sorted({question.part for question in questions})
    unused = {path.stem.removeprefix("coco_pope_") for path in folder.glob("coco_pope_*.json")} - set(categories)
    if unused:
        logger.warning("ignored label files, which the question file does not name: %s", ", ".join(sorted(unused)))
    labels: dict[str, str] = {}
    for category in categories:
        labels |= _labels_of(folder / f"coco_pope_{category}.json", [q for q in questions if q.part == category])
    return labels


def _stem(text: str) -> str:
    """Return a prompt up to its question mark, empty if it has none."""
    stem, end, _ = text.partition("?")
    return stem + end if end else ""


def _label_folder(files: Files) -> Path:
    if files.gold is None or not files.gold.is_dir():
        raise PipelineError(
            "POPE's gold is a folder with coco_pope_<category>.json files",
            where=files.gold or "none is named",
            cure="name that folder as `gold`",
        )
    return files.gold


def _labels_of(path: Path, questions: list[Question]) -> dict[str, str]:
    """Return the labels of one category by question id; a file for other questions raises PipelineError."""
    rows = _label_rows(path)
    label_ids = {question.id: _label_id(question, rows) for question in questions}
    asked_twice = [str(label_id) for label_id, times in Counter(label_ids.values()).items() if times > 1]
    if asked_twice:
        raise PipelineError(
            "several questions of this category have the same label", where=path, value=some(asked_twice)
        )
    unlabelled = [name for name, label_id in label_ids.items() if label_id not in rows]
    unasked = [str(label_id) for label_id in rows.keys() - set(label_ids.values())]
    if unlabelled or unasked:
        lists = {"questions without a label": unlabelled, "labels of no question": unasked}
        raise PipelineError(
            f"{len(rows)} labels for {len(questions)} questions of this category, which are not of the same ids",
            where=path,
            value="; ".join(f"{name}: {some(ids) or 'none'}" for name, ids in lists.items()),
            cure="use the label file of this question file: POPE's random split exists with 2,910 and 3,000 rows",
        )
    return {question.id: _label(question, *rows[label_ids[question.id]]) for question in questions}


def _label_rows(path: Path) -> dict[int, tuple[str, LabelRow]]:
    """Return the rows of a label file, each with its line, by id; a repeated id raises PipelineError."""
    rows: dict[int, tuple[str, LabelRow]] = {}
    for where, content in read_rows_with_place(path):
        row = parse_row(LabelRow, content, "this is no label of POPE", where)
        if row.question_id in rows:
            raise PipelineError("a second label of the same id", where=where, value=row.question_id)
        rows[row.question_id] = where, row
    return rows


def _label_id(question: Question, rows: dict[int, tuple[str, LabelRow]]) -> int:
    """Return the id of a question's label: the same id, or by LLaVA's numbering the id within the category."""
    number = int(question.id)
    return number if number in rows else number % CATEGORY_STRIDE


def _label(question: Question, where: str, row: LabelRow) -> str:
    if question.images != (row.image,) or not _begins(question.prompt, row.text):
        raise PipelineError(
            "this label does not belong to the question with its id",
            where=where,
            value=f"question {question.id} asks {(*question.images, question.prompt)}, not {(row.image, row.text)}",
            cure="use the label file that belongs to this question file",
        )
    return row.label


def _begins(prompt: str, text: str) -> bool:
    """Return whether a prompt is a label's text, with or without a request after it.

    "imange" is a typo in the files of POPE e3e3926 and thus in LLaVA's; later files of POPE correct it.
    """
    prompt, text = prompt.replace("imange", "image"), text.replace("imange", "image")
    request = prompt[len(text) :]
    return prompt.startswith(text) and not (text[-1].isalnum() and request[:1].isalnum())
