"""Knee grading: the Kellgren-Lawrence grade, 0 to 4, of knees in radiographs.

Files, prompt and scores of wanglihx/LLaVA-OA 8cfac12 (`2-new/prompteval.py`, `3-clip/clipeval.py`, `4-evalresult`). No
code there reads a grade from a text; its published files agree with the first grade that an answer names.
"""

import json
from pathlib import Path, PurePosixPath
from typing import Any, Iterator

from pipeline_lib.benchmarks.base import Asking, Files, Question
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import File, Folder, Sources, StandIn
from pipeline_lib.benchmarks.families.grading import Confusion, GradeScorer, MeanError, rating
from pipeline_lib.benchmarks.families.published import RECORDED
from pipeline_lib.benchmarks.families.table_rows import is_repeated
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Text, parse_row
from pipeline_lib.core.text import read_json

PRIMARY = "accuracy"
SHOWN = ("accuracy", "mae")
ROWS_SEEN = RECORDED
SUBMISSION = "json"
GRADES = 5
RESULTS = "https://raw.githubusercontent.com/wanglihx/LLaVA-OA/8cfac12bdaefc0f6b5efeccf48e240531292be4c/4-evalresult/"
DATA = Sources(
    questions=File(  # a result file, as the list of the 1,656 test images with their grades
        "knee_results",
        RESULTS + "000-GPT-4o.json",
        sha256="29f6e99e9aaf9e890904aa008271b57c1080584f76ce3814daf1c3edeb10a5d4",
        smoke=StandIn("*.json"),
    ),
    images=Folder("knee_images", "site:knee/test", licence="CC BY 4.0", smoke=StandIn("*.png")),
)
PROTOCOLS = {"official": Asking(max_new_tokens=512)}
SCORER = GradeScorer(
    (Accuracy(by_part=True), MeanError(), Confusion(GRADES)), grades=GRADES, readers={"official": rating}
)

# `3-clip/clipeval.py`: the text of every grade, in the order of the grades, for a model that compares images with texts
CLASSES = (
    "No osteoarthritis, No radiographic features of osteoarthritis.",
    "Doubtful osteoarthritis, Doubtful narrowing of joint space and possible osteophytic lipping.",
    "Mild osteoarthritis, Definite osteophytes and possible narrowing of joint space.",
    "Moderate osteoarthritis, Multiple osteophytes, definite narrowing of joint space, some sclerosis, and possible "
    "deformity of bone ends.",
    "Severe osteoarthritis, Large osteophytes, marked narrowing of joint space, severe sclerosis, and definite "
    "deformity of bone ends.",
)
IMAGE = "<image>"
PROMPT = (
    "You are a professional radiologist. You are provided with a knee X-ray image and you should determine the "
    "Kellgren-Lawrence grade of this knee joint X-ray based on the Kellgren-Lawrence grading system.\n"
    "The specific criteria for Kellgren-Lawrence grading system are as follows: "
    "Grade 0: No osteoarthritis, No radiographic features of osteoarthritis. "
    "Grade 1: Doubtful osteoarthritis, Doubtful narrowing of joint space and possible osteophytic lipping. "
    "Grade 2: Mild osteoarthritis, Definite osteophytes and possible narrowing of joint space. "
    "Grade 3: Moderate osteoarthritis, Multiple osteophytes, definite narrowing of joint space, some sclerosis, and "
    "possible deformity of bone ends. "
    "Grade 4: Severe osteoarthritis, Large osteophytes, marked narrowing of joint space, severe sclerosis, and "
    "definite deformity of bone ends.\n"
    "Please output the most likely Kellgren-Lawrence grade you determine. The format of your answer should be: "
    "The most likely Kellgren-Lawrence grade of this knee X-ray image is Grade {X}: {the description}."
)


class Turn(FileRow):
    """A turn of a conversation."""

    value: FreeText


class InstructionRow(FileRow):
    """A row of the instruction file: the image's folder is its grade, which the answer names too."""

    image: Text
    conversations: list[Turn]


class ResultRow(FileRow):
    """A row of a result file: of a model's answers, or of a classifier."""

    image_name: Text
    image_file: Text | None = None
    image_path: Text | None = None
    true_grade: int | None = None
    true_label: int | None = None


class KneeRow(FileRow):
    """An image with its grade, its path in the file, and the prompt."""

    path: str
    grade: int
    prompt: str = PROMPT


def questions(files: Files, protocol: str) -> list[Question]:
    """Return a question for every image of an instruction file or a result file; an id is the image's name."""
    return [
        Question(_name(row.path), row.prompt, (_image(row.path),), str(row.grade)) for row in _rows(files.questions)
    ]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, int]:
    """Return the grade of every image, from the file with the questions or another one of either form."""
    return {_name(row.path): row.grade for row in _rows(files.gold or files.questions)}


def cluster(question: Question) -> str:
    """Return the number of the patient: both knees are drawn together."""
    return question.id[:-1] if question.id[-1:] in ("L", "R") else question.id


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return a result file as `apieval.py` writes it; an image without an answer is left out, as there.

    If all answers are a classifier's, it is the list that `clipeval.py` calls `evaluation_results_detailed.json`.
    """
    rows = {_name(row.path): row for row in _rows(files.gold or files.questions)}
    answered = [(rows[question.id], text) for question, text in answers if text is not None]
    classified = [_classified(row, text) for row, text in answered]
    if classified and all(classified):
        return json.dumps(classified, ensure_ascii=False, indent=2).encode()
    content = {
        "evaluated_grades": list(range(GRADES)),
        "total_images": len(answered),
        "grade_distribution": {str(grade): sum(row.grade == grade for row, _ in answered) for grade in range(GRADES)},
        "results": [
            {
                "true_grade": row.grade,
                "image_file": row.path,
                "predicted_output": text,
                "image_name": PurePosixPath(row.path).name,
            }
            for row, text in answered
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=4).encode()


def _classified(row: KneeRow, text: str) -> dict[str, Any] | None:
    """Return a row of a classifier's result file, None for an answer without probabilities."""
    read = rating(text, GRADES)
    if read.grade is None or not read.probabilities:
        return None
    return {
        "image_path": row.path,
        "image_name": PurePosixPath(row.path).name,
        "true_label": row.grade,
        "predicted_label": read.grade,
        "confidence": read.probabilities[read.grade],
        "probabilities": list(read.probabilities),
    }


def _name(path: str) -> str:
    return PurePosixPath(path).stem


def _image(path: str) -> str:
    """Return the image's path in the dataset: its grade, which is its folder, and its name."""
    return "/".join(PurePosixPath(path).parts[-2:])


def _rows(path: Path) -> Iterator[KneeRow]:
    """Yield the images of a file; one that is there twice with the same grade comes once."""
    content: Any = read_json(path)
    listed = content.get("results") if isinstance(content, dict) else content
    if not isinstance(listed, list):
        what, cure = "this is no list of knees", "name an instruction file or a result file of LLaVA-OA"
        raise PipelineError(what, where=path, value=type(content).__name__, cure=cure)
    seen: dict[str | int, KneeRow] = {}
    for number, row in enumerate(listed, 1):
        where = f"{path}, row {number}"
        knee = _instruction(row, where) if isinstance(row, dict) and "conversations" in row else _result(row, where)
        folder = PurePosixPath(knee.path).parent.name
        if knee.grade not in range(GRADES) or folder != str(knee.grade):
            what, cure = "the grade is not that of the image's folder, from 0 to 4", "fetch the file again"
            raise PipelineError(what, where=where, value=f"grade {knee.grade}, {knee.path}", cure=cure)
        if not is_repeated(seen, _name(knee.path), knee, where):
            yield knee


def _instruction(content: Any, where: str) -> KneeRow:
    row = parse_row(InstructionRow, content, "an instruction needs `image` and `conversations`", where)
    turns = [turn.value for turn in row.conversations]
    read = rating(turns[1], GRADES).grade if len(turns) > 1 else None
    if read is None:
        raise PipelineError("the answer of this instruction names no grade", where=where, value=turns[1:2])
    return KneeRow(path=row.image, grade=read, prompt=turns[0].replace(IMAGE, "").strip())


def _result(content: Any, where: str) -> KneeRow:
    row = parse_row(ResultRow, content, "a result needs `image_name`", where)
    path = row.image_file or row.image_path
    grade = row.true_label if row.true_grade is None else row.true_grade
    if path is None or grade is None or PurePosixPath(path).name != row.image_name:
        what = "a result needs `image_file` and `true_grade`, or `image_path` and `true_label`"
        raise PipelineError(what, where=where, value=f"{path}, {grade}", cure="write the file again")
    return KneeRow(path=path, grade=grade)
