"""MM-Vet: open questions about integrated capabilities, each answer graded from 0 to 1 by a language model.

Questions, gold answers, grades and scores of yuweihao/MM-Vet acde843 (`mm-vet.json`, `mm-vet_evaluator.py`). LLaVA-1.5
and InternVL-Chat-V1.2 (7725e00 `internvl_chat/eval/mmvet`) are graded by the same code; lmms-eval 75571cf and
VLMEvalKit e8e78f0 ask other models in other words (`families/mm_vet_judges.py`).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Files, Question, Verdict, by_image
from pipeline_lib.benchmarks.families.counting import PERCENT, ratio
from pipeline_lib.benchmarks.families.data import Archive, Sources, StandIn
from pipeline_lib.benchmarks.families.judge_replies import read_official_object
from pipeline_lib.benchmarks.families.judge_scorer import BoundedReplyScorer, Reading
from pipeline_lib.benchmarks.families.judging import JudgeReply, JudgeRequest
from pipeline_lib.benchmarks.families.mm_vet_judges import LMMS_EVAL, OFFICIAL, VLMEVALKIT, VetJudge, first_word
from pipeline_lib.benchmarks.families.protocols import Appending
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, RECORDED, Published
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Text, number_or_text, parse_row
from pipeline_lib.core.text import read_object

PRIMARY = "total"
SHOWN = ("total", "rec", "ocr", "know", "gen", "spat", "math")
SUBMISSION = "json"
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "total", "all", (31.1, 36.1, 30.2, 38.3), times=1),
    Published(INTERNVL_README, "internvl12", "total", "all", (46.7, 48.9, 47.9), times=1),
)
LICENCE = "CC BY-NC 4.0"
ARCHIVE = "https://github.com/yuweihao/MM-Vet/releases/download/v1/mm-vet.zip"
DATA = Sources(
    questions=Archive("mm_vet", ARCHIVE, "mm-vet", file="mm-vet.json", licence=LICENCE, smoke=StandIn("*.json")),
    images=Archive("mm_vet_images", ARCHIVE, "mm-vet/images", licence=LICENCE, smoke=StandIn("*.png")),
)

FORM = "a recorded grade has the lists `model`, `content` and `score`, one entry a run"


@dataclass(frozen=True)
class VetWording(Appending):
    """How a project asks: what it puts before the question, and after it."""

    before: str = ""


REASON = "First please perform reasoning, and think step by step to provide best answer to the following question: \n\n"
PROTOCOLS = {
    "llava15": VetWording(1024),
    "internvl12": VetWording(1000, after=" "),
    "official": VetWording(1024),
    "lmms_eval": VetWording(1024, before=REASON),
    "vlmevalkit": VetWording(2048),
}
JUDGES = {
    "llava15": OFFICIAL,
    "internvl12": OFFICIAL,
    "official": OFFICIAL,
    "lmms_eval": LMMS_EVAL,
    "vlmevalkit": VLMEVALKIT,
}


class VetRow(FileRow):
    """A row of mm-vet.json."""

    imagename: Text
    question: FreeText
    answer: FreeText
    capability: list[Text] = Field(min_length=1)


class GradeRow(FileRow):
    """A row of a recorded grade file: an entry a run."""

    model: list[str]
    content: list[FreeText]
    score: list[int | float] = Field(min_length=1)


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the questions; the part is the sorted set of required capabilities, such as `gen_know_rec`."""
    return [_question(name, row, PROTOCOLS[protocol]) for name, row in _rows(files).items()]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the question, which the judge reads too, and its gold answer."""
    return {name: {"question": row.question, "answer": row.answer} for name, row in _rows(files).items()}


def request(question: Question, gold: JsonValue, answer: str, protocol: str) -> JudgeRequest:
    """Return the request for a grade of an answer, in the words of the protocol."""
    row = cast(dict[str, str], gold)
    return JUDGES[protocol].request(question.id, row["question"], row["answer"], answer)


@dataclass(frozen=True)
class GradeReader:
    """Reads the replies of a project's judge."""

    judge: VetJudge

    def __call__(self, question: Question, gold: JsonValue, reply: JudgeReply) -> Reading | None:
        """Return the grade of the first attempt that has one; 0 if all attempts were made in vain.

        A reply in a grade file of the official code is read as that code reads it.
        """
        read = self.judge.read if reply.read is None else first_word
        grade = next((number for text in reply.texts if (number := read(text)) is not None), None)
        if reply.read is not None:
            score = _stated(reply.read, grade, reply)
            return Reading(score, score, "grade" if grade == score else self.judge.unread, grade != score)
        if grade is not None:
            return Reading(grade, grade, "grade")
        return Reading(0.0, 0.0, self.judge.unread, fallback=True) if reply.final else None


def recorded(path: Path) -> list[JudgeReply]:
    """Return the replies in a grade file of the official code, with the grades that it read.

    It does not say which answers were graded. A score that its content contradicts raises PipelineError.
    """
    replies = []
    for name, content in read_official_object(path).items():
        where = f"{path}, {name}"
        row = parse_row(GradeRow, content, FORM, where)
        if not len(row.model) == len(row.content) == len(row.score):
            raise PipelineError(FORM, where=where, value=f"{len(row.content)} contents, {len(row.score)} scores")
        for run, (model, text, score) in enumerate(zip(row.model, row.content, row.score, strict=True)):
            reply = JudgeReply(name, run, (text,), where, served=model, final=True, read=score)
            _stated(score, first_word(text), reply)
            replies.append(reply)
    return replies


@dataclass(frozen=True)
class CapabilityMeans:
    """100 times the mean grade: over all, over the questions that need a capability, and of each set of them."""

    width: int = 2

    def counts(self, verdict: Verdict, extracted: JsonValue) -> list[float]:
        """Return 1 and the grade."""
        return [1.0, cast(float, extracted)]

    def metrics(self, sums: NDArray[np.float64], parts: list[str]) -> dict[str, Any]:
        """Return `total`, each capability, and `integration/…` by run."""
        needing = {name: [name in part.split("_") for part in parts] for part in parts for name in part.split("_")}
        sets = {f"integration/{part}": [part == other for other in parts] for part in parts}
        members = {"total": [True] * len(parts), **dict(sorted(needing.items())), **sets}
        chosen = {name: sums[..., np.array(flags, dtype=bool), :, :].sum(axis=-3) for name, flags in members.items()}
        return {name: PERCENT * ratio(counts[..., 1], counts[..., 0]) for name, counts in chosen.items()}


def limit(gold: JsonValue, right: bool) -> JsonValue:
    """Return the highest grade or the lowest."""
    return float(right)


SCORER = BoundedReplyScorer(
    readers={
        "llava15": GradeReader(OFFICIAL),
        "internvl12": GradeReader(OFFICIAL),
        "official": GradeReader(OFFICIAL),
        "lmms_eval": GradeReader(LMMS_EVAL),
        "vlmevalkit": GradeReader(VLMEVALKIT),
    },
    request=request,
    recorded=recorded,
    counting=CapabilityMeans(),
    limit=limit,
)
cluster = by_image


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return the JSON that MM-Vet's evaluator takes, in the order of the questions; a missing answer is empty."""
    return json.dumps({question.id: answer or "" for question, answer in answers}, indent=2).encode()


def _rows(files: Files) -> dict[str, VetRow]:
    """Return the rows of mm-vet.json by id."""
    what = "a question of MM-Vet has `imagename`, `question`, `answer` and `capability`"
    content = read_object(files.questions)
    return {name: parse_row(VetRow, row, what, f"{files.questions}, {name}") for name, row in content.items()}


def _question(name: str, row: VetRow, wording: VetWording) -> Question:
    """Return a question; its answer's record has the number of its id, as LLaVA's question file does."""
    record = {"question_id": number_or_text(name.removeprefix("v1_"))}
    part = "_".join(sorted(set(row.capability)))
    stem = wording.before + row.question
    return Question(name, stem + wording.after, (row.imagename,), part, record=record, stem=stem)


def _stated(score: JsonValue, grade: float | None, reply: JudgeReply) -> float:
    """Return the grade that the official code read, which is that of its reply, or 0 after five tries in vain."""
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if not is_number or not (score == grade or (score == 0 and (reply.final or grade is None))):
        cure = "restore the file: a score is a number from 0 to 1, and its content says the same"
        value = f"{score}, content {', '.join(map(repr, reply.texts))}"
        raise PipelineError("this is no grade", where=reply.where, value=value, cure=cure)
    return float(cast(float, score))
