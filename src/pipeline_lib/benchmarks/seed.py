"""SEED-Bench-1: multiple choice about images and, by one frame each, about videos, in twelve tasks.

Questions and gold of AILab-CVC/SEED-Bench (`SEED-Bench.json`); scorer of haotian-liu/LLaVA c121f04
(`scripts/convert_seed_for_submission.py`). SEED-Bench's own `eval.py` ranks the options by their losses instead.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Iterator, Literal

from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Files, Question, by_image
from pipeline_lib.benchmarks.families.choice import ChoiceGold, ChoiceQuestions, LetterScorer, Row, lettered
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import Archive, Hub, Manual, Sources, StandIn
from pipeline_lib.benchmarks.families.letters import first_letter, first_letter_in_any_case, vlmevalkit, whole_letter
from pipeline_lib.benchmarks.families.protocols import SELECT, Wording
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, RECORDED, Published
from pipeline_lib.benchmarks.families.table_rows import is_repeated
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Text, parse_row
from pipeline_lib.core.text import read_object

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/image", "accuracy/video")
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "images and videos", (58.6, 61.6, 60.1, 61.3)),
    Published(INTERNVL_README, "internvl12", "accuracy/image", "images", (73.2, 75.6, 76.4)),
)
SUBMISSION = "jsonl"

IMAGES, FRAMES = "SEED-Bench-image/", "SEED-Bench-video-image/"  # folders in LLaVA's question file
FILE = "SEED-Bench.json"
ZIP = "https://huggingface.co/OpenGVLab/InternVL/resolve/main/SEED-Bench-image.zip"
PAGE = "https://github.com/AILab-CVC/SEED-Bench/blob/main/DATASET.md"
TERMS = "those of Something-Something v2, Epic-Kitchens 100 and Breakfast"
DATA = Sources(
    questions=Hub(
        "seed_questions", "AILab-CVC/SEED-Bench", (FILE,), file=FILE, licence="Apache-2.0", smoke=StandIn("*.json")
    ),
    images=(
        Archive(
            "seed_images",
            ZIP,
            below="SEED-Bench-image",
            licence="that of Conceptual Captions",
            smoke=StandIn("*_2591111986"),
            shards=4,
            prefix=IMAGES,
        ),
        Manual(
            "seed_frames",
            PAGE,
            "SEED-Bench-video-image",
            expect=5009,
            terms=TERMS,
            licence=TERMS,
            smoke=StandIn("*.png"),
            prefix=FRAMES,
        ),
    ),
)


@dataclass(frozen=True)
class SeedWording(Wording):
    """How a project asks: all questions, or only those about images."""

    only_images: bool = False


PROTOCOLS = {
    "llava15": SeedWording(128),
    "internvl12": SeedWording(100, only_images=True),
    "lmms_eval": SeedWording(1024),
    "vlmevalkit": SeedWording(2048, question="Question: {}", heading="Options:", request=SELECT, only_images=True),
    "first_token": SeedWording(1),
}
SCORER = LetterScorer(
    (Accuracy(by_part=True),),
    readers={
        "llava15": whole_letter,
        "internvl12": first_letter,
        "lmms_eval": first_letter_in_any_case,
        "vlmevalkit": vlmevalkit,
        "first_token": whole_letter,
    },
)
cluster = by_image


class SeedRow(FileRow):
    """A question of SEED-Bench.json."""

    question_id: Identifier
    question: Text
    choice_a: FreeText
    choice_b: FreeText
    choice_c: FreeText
    choice_d: FreeText
    answer: Literal["A", "B", "C", "D"]
    data_id: Text
    data_type: Literal["image", "video"]
    question_type_id: int


class SeedFile(FileRow):
    """SEED-Bench.json: the questions, and the number of every task."""

    questions: Annotated[list[dict[str, Any]], Field(min_length=1)]
    question_type: dict[str, int]


def rows(files: Files) -> Iterator[Row]:
    """Yield the questions in the order of the file, their part as `image/TASK` or `video/TASK`.

    An identical row twice, as id 49914 in the published file, is one question; two that differ raise PipelineError.
    """
    seen: dict[str | int, SeedRow] = {}
    for where, row, task in _rows(files):
        if not is_repeated(seen, row.question_id, row, where):
            options = lettered((row.choice_a, row.choice_b, row.choice_c, row.choice_d))
            part = f"{row.data_type}/{task}"
            yield Row(row.question_id, row.question, options, row.answer, where, (_image(row),), part)


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the questions that the protocol asks: all, or only those about images."""
    asked, only_images = ChoiceQuestions(rows, PROTOCOLS)(files, protocol), PROTOCOLS[protocol].only_images
    return [question for question in asked if question.part.startswith("image/") or not only_images]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the letter of every question."""
    letters = ChoiceGold(rows)(files, questions, protocol)
    return {question.id: letters[question.id] for question in questions}


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return the lines that LLaVA uploads: the raw answer to every row of the file, empty without an answer."""
    texts = {question.id: answer or "" for question, answer in answers}
    lines = (
        json.dumps({"question_id": row.question_id, "prediction": texts[row.question_id]}) + "\n"
        for _, row, _ in _rows(files)
        if row.question_id in texts
    )
    return "".join(lines).encode()


def _rows(files: Files) -> Iterator[tuple[str, SeedRow, str]]:
    """Yield the position of every row, the row, and the name of its task."""
    what = "SEED-Bench's question file has `questions` and `question_type`"
    content = parse_row(SeedFile, read_object(files.questions), what, str(files.questions))
    tasks = {number: name for name, number in content.question_type.items()}
    if len(tasks) < len(content.question_type):
        raise PipelineError("two tasks have the same number", where=files.questions, value=content.question_type)
    for number, fields in enumerate(content.questions, 1):
        where = f"{files.questions}, question {number}"
        row = parse_row(SeedRow, fields, "this is no question of SEED-Bench", where)
        if row.question_type_id not in tasks:
            what, cure = "the file names no task of this number", "add it under `question_type`"
            raise PipelineError(what, where=where, value=row.question_type_id, cure=cure)
        yield where, row, tasks[row.question_type_id]


def _image(row: SeedRow) -> str:
    """Return the image in LLaVA's layout: that of the row, or the frame that `extract_video_frames.py` wrote."""
    if row.data_type == "image":
        return IMAGES + row.data_id
    return f"{FRAMES}{row.question_type_id}_{row.question_id}.png"
