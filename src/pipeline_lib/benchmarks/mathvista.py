"""MathVista: problems about images; a short answer is extracted from each response, by a language model if need be.

Problems of lupantech/MathVista 53d5258 (`data/testmini.json`) or of the hub's AI4Math/MathVista; queries, extraction
and scores of its `evaluation/`, which OpenGVLab/InternVL 7725e00 copies (`internvl_chat/eval/mathvista`), as does
EvolvingLMMs-Lab/lmms-eval 75571cf (`lmms_eval/tasks/mathvista`, the task `mathvista_testmini_cot`) but for its queries.
open-compass/VLMEvalKit e8e78f0 (`vlmeval/dataset/image_vqa.py`, `utils/mathvista.py`; the judge of its `run.py`) reads
responses and replies by rules of its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, cast

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Asking, Files, Question, by_image
from pipeline_lib.benchmarks.families.data import Archive, Hub, Sources, StandIn
from pipeline_lib.benchmarks.families.judge_prompts import MATHVISTA, MATHVISTA_VLMEVALKIT
from pipeline_lib.benchmarks.families.judge_replies import read_official_object
from pipeline_lib.benchmarks.families.judge_scorer import BoundedReplyScorer, Reading
from pipeline_lib.benchmarks.families.judging import Attempt, JudgeReply, JudgeRequest, Message
from pipeline_lib.benchmarks.families.mathvista_answers import (
    AnswerKind,
    Extractor,
    extracted_by_rule,
    extracted_by_rule_stripped,
    normalized,
    quickly_extracted,
)
from pipeline_lib.benchmarks.families.mathvista_groups import GROUPS, GroupMeans
from pipeline_lib.benchmarks.families.mathvista_matches import Match, matched
from pipeline_lib.benchmarks.families.mathvista_problems import ProblemRow, decimals, problems, query, query_hint_behind
from pipeline_lib.benchmarks.families.published import INTERNVL_README, RECORDED, Published
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, parse_row

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/question_type/multi_choice", "accuracy/question_type/free_form")
ROWS_SEEN = RECORDED
PUBLISHED = (Published(INTERNVL_README, "internvl12", "accuracy", "testmini", (34.5, 47.7, 59.9)),)
REPOSITORY = "AI4Math/MathVista"
IMAGES = "https://huggingface.co/datasets/AI4Math/MathVista/resolve/main/images.zip"
DATA = Sources(
    questions=Hub(
        "mathvista",
        REPOSITORY,
        ("data/testmini-*.parquet",),
        file="data",
        licence="CC BY-SA 4.0",
        smoke=StandIn("data/*"),
    ),
    images=Archive("mathvista_images", IMAGES, licence="those of the source data sets", smoke=StandIn("*.jpg")),
)


@dataclass(frozen=True)
class QueryWording(Asking):
    """How a project asks: by the query of the file, or in the same words with the hint behind."""

    hint_behind: bool = False


PROTOCOLS = {
    "internvl12": QueryWording(1000),
    "official": QueryWording(1024),
    "lmms_eval": QueryWording(16384, hint_behind=True),
    "vlmevalkit": QueryWording(2048),
}


@dataclass(frozen=True)
class ExtractionJudge:
    """The judge of a project: its model and longest reply, and the temperatures at which it is asked.

    It is asked up to `tries` times at each, until its reply is not empty. `form` has places for the examples, the
    query and what the judge `reads` of a response.
    """

    model: str = "gpt-3.5-turbo"
    tokens: int = 256
    temperatures: tuple[float, ...] = (0.0,)
    tries: int = 1
    reads: Callable[[str], str] = str
    examples: str = MATHVISTA
    form: str = "{}\n\n{}\n\n{}\n\nExtracted answer: "


JUDGES = {
    "internvl12": ExtractionJudge(),
    "official": ExtractionJudge(),
    "lmms_eval": ExtractionJudge("gpt-4o-2024-11-20", tries=5, reads=str.strip),
    "vlmevalkit": ExtractionJudge(
        "gpt-4o-mini-2024-07-18",
        tokens=128,
        temperatures=(0.0, 0.5, 1.0, 1.5, 2.0),
        tries=6,
        examples=MATHVISTA_VLMEVALKIT,
        form="{}{}\nModel respone: {}Extracted answer:",  # misspelt there
    ),
}


class OutputRow(FileRow):
    """A row of the official code's output file."""

    response: FreeText
    extraction: FreeText | int | float | None = None


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the problems, each asked by its query, or as lmms-eval words it: with the hint behind."""
    word = query_hint_behind if PROTOCOLS[protocol].hint_behind else query
    return [Question(row.pid, word(row, where), (row.image,), "all") for where, row in problems(files.questions)]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the answer of every problem, with what its reading needs and the groups that it is in.

    Where a protocol asks in other words, it has the `query` too, which the judge reads.
    """
    rows = list(problems(files.questions))
    queries = {row.pid: query(row, where) for where, row in rows if PROTOCOLS[protocol].hint_behind}
    return {row.pid: _gold(row, where) | ({"query": queries[row.pid]} if queries else {}) for where, row in rows}


def request(question: Question, gold: JsonValue, answer: str, protocol: str) -> JudgeRequest | None:
    """Return the request to extract a short answer, None where rules find one."""
    if RULES[protocol](answer, gold) is not None:
        return None
    query = cast(dict[str, Any], gold).get("query", question.prompt)
    judge = JUDGES[protocol]
    messages = (Message("user", judge.form.format(judge.examples, query, judge.reads(answer))),)
    attempts = tuple(Attempt(messages, temperature) for temperature in judge.temperatures for _ in range(judge.tries))
    return JudgeRequest(question.id, judge.model, judge.tokens, attempts)


def without_judge(question: Question, gold: JsonValue, answer: str, protocol: str) -> Reading | None:
    """Return what the protocol's rules read in an answer."""
    return RULES[protocol](answer, gold)


def recorded(path: Path) -> list[JudgeReply]:
    """Return the extractions in an output file of the official code; a problem without one has no reply."""
    replies = []
    for name, content in read_official_object(path).items():
        where = f"{path}, {name}"
        row = parse_row(OutputRow, content, "an output of MathVista has `response` and `extraction`", where)
        if row.extraction is not None:
            answer = digest_text(row.response)
            replies.append(JudgeReply(name, 0, (str(row.extraction),), where, answer=answer, final=True))
    return replies


def limit(gold: JsonValue, right: bool) -> JsonValue:
    """Return the reading of a right extraction or of a wrong one."""
    return {"extraction": None, "prediction": cast(dict[str, Any], gold)["answer"] if right else None}


@dataclass(frozen=True)
class ExtractionRules:
    """Reads in a response what an extractor finds there without a judge."""

    extractor: Extractor

    def __call__(self, response: str, gold: JsonValue) -> Reading | None:
        """Return the extraction, compared with the gold answer; None if a judge must extract."""
        extraction = self.extractor(response, _kind(gold))
        return None if extraction is None else compared(*extraction, gold)


def compared(extraction: str, rule: str, gold: JsonValue) -> Reading:
    """Return an extraction compared with the gold answer; an empty one is a fallback, which may be right by chance."""
    prediction = normalized(extraction, _kind(gold))
    right = prediction == cast(dict[str, Any], gold)["answer"]
    read: JsonValue = {"extraction": extraction, "prediction": prediction}
    return Reading(float(right), read, rule, fallback=prediction is None or not extraction.strip())


def matching_rules(response: str, gold: JsonValue) -> Reading | None:
    """Return what VLMEvalKit reads in a response without a judge; None if a judge must extract."""
    match = _match(response, gold)
    return compared_as_matched(response, match.rule, gold) if match.settled else None


def compared_as_matched(text: str, rule: str, gold: JsonValue) -> Reading:
    """Return a text compared with the gold answer as VLMEvalKit does it; one in which it reads nothing is a fallback.

    It compares letters: of two choices with equal texts one is right.
    """
    match = _match(text, gold)
    read: JsonValue = {"extraction": text, "prediction": match.text, "right": match.right}
    return Reading(float(match.right), read, rule, fallback=match.text is None)


@dataclass(frozen=True)
class ExtractionReader:
    """Reads the extraction in a judge's reply."""

    compared: Callable[[str, str, JsonValue], Reading]

    def __call__(self, question: Question, gold: JsonValue, reply: JudgeReply) -> Reading | None:
        """Return the extraction; one of white space counts only if the official code recorded it."""
        text = reply.texts[-1].strip() if reply.texts else ""
        return self.compared(text, "extracted", gold) if text or reply.final else None


RULES: Mapping[str, Callable[[str, JsonValue], Reading | None]] = {
    "internvl12": ExtractionRules(extracted_by_rule),
    "official": ExtractionRules(quickly_extracted),
    "lmms_eval": ExtractionRules(extracted_by_rule_stripped),
    "vlmevalkit": matching_rules,
}
SCORER = BoundedReplyScorer(
    readers={
        "internvl12": ExtractionReader(compared),
        "official": ExtractionReader(compared),
        "lmms_eval": ExtractionReader(compared),
        "vlmevalkit": ExtractionReader(compared_as_matched),
    },
    request=request,
    recorded=recorded,
    counting=GroupMeans(),
    limit=limit,
    without_judge=without_judge,
    rules_first=frozenset({"vlmevalkit"}),
)
cluster = by_image


def _gold(row: ProblemRow, where: str) -> dict[str, JsonValue]:
    choices = [*(row.choices or ())] if row.question_type == "multi_choice" else []
    if not row.answer:
        cure = "the answers of the test split are not public: score testmini"
        raise PipelineError("a problem without an answer", where=where, value=row.pid, cure=cure)
    if row.question_type == "multi_choice" and row.answer not in choices:
        raise PipelineError(
            "the answer is none of the choices",
            where=where,
            value=row.answer,
            cure="fetch it again",
        )
    labels = {**row.metadata, "question_type": row.question_type, "answer_type": row.answer_type}
    values = {key: labels.get(key) for key in GROUPS}
    groups: dict[str, JsonValue] = {key: value if isinstance(value, list) else [value] for key, value in values.items()}
    about: dict[str, JsonValue] = {"type": row.answer_type, "choices": [*choices], "precision": decimals(row)}
    return {"answer": row.answer, **about, "groups": groups}


def _kind(gold: JsonValue) -> AnswerKind:
    known = cast(dict[str, Any], gold)
    return AnswerKind(known["type"], tuple(known["choices"]), known["precision"])


def _match(text: str, gold: JsonValue) -> Match:
    return matched(text, _kind(gold), cast(dict[str, Any], gold)["answer"])
