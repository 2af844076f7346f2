"""LLaVA-Bench (in the wild): open questions; a language model grades each answer beside GPT-4's own.

Questions, captions and GPT-4's answers of the hub's liuhaotian/llava-bench-in-the-wild; requests, reader and scores of
haotian-liu/LLaVA c121f04 (`llava/eval/eval_gpt_review_bench.py`, `summarize_gpt_review.py`) and OpenGVLab/InternVL
7725e00 (`internvl_chat/eval/llava_bench`), which asks another model, and EvolvingLMMs-Lab/lmms-eval 75571cf
(`lmms_eval/tasks/llava-in-the-wild/utils.py`, `lmms_eval/verifiers/openai.py`), which also reads reviews differently,
and open-compass/VLMEvalKit e8e78f0 (`vlmeval/dataset/image_vqa.py`, `utils/llavabench.py`; the judge of its `run.py`),
which does not round means.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Files, Question, Verdict, by_image, some
from pipeline_lib.benchmarks.families.counting import PERCENT, ratio
from pipeline_lib.benchmarks.families.data import Hub, Sources, StandIn
from pipeline_lib.benchmarks.families.judge_prompts import LLAVA_BENCH, LLAVA_BENCH_SYSTEM
from pipeline_lib.benchmarks.families.judge_scorer import ReplyScorer
from pipeline_lib.benchmarks.families.judging import Attempt, JudgeReply, JudgeRequest, Message
from pipeline_lib.benchmarks.families.pair_reviews import (
    BEST,
    FAILED,
    ReviewReader,
    first_numbers,
    two_words,
    two_words_stripped,
)
from pipeline_lib.benchmarks.families.protocols import Appending
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, RECORDED, Published
from pipeline_lib.benchmarks.families.table_rows import is_repeated
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Row, Text, parse_row
from pipeline_lib.core.text import read_rows_with_place

PRIMARY = "all"
SHOWN = ("all", "conv", "detail", "complex")
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "all", "in the wild", (65.4, 72.5, 67.9, 69.5), times=1),
    Published(INTERNVL_README, "internvl12", "all", "in the wild", (73.2, 85.0, 84.6), times=1),
)
REPOSITORY = "liuhaotian/llava-bench-in-the-wild"
CONTEXT = "context.jsonl"
DATA = Sources(
    questions=Hub("llava_bench", REPOSITORY, ("*.jsonl",), file="questions.jsonl", smoke=StandIn("*.jsonl")),
    images=Hub("llava_bench_images", REPOSITORY, ("images/*",), smoke=StandIn("*.jpg")),
    gold="answers_gpt4.jsonl",
)

CATEGORIES = ("complex", "conv", "detail")
DECIMALS = 3  # of the means, before their ratio
KEYS = "rows have `question_id`, `image`, `text`, `category` (questions), `caption` (context), `text` (answers)"
FORM = "a recorded review has `question_id`, `content` and `tuple`, a pair of numbers"

PROTOCOLS = {
    "llava15": Appending(1024),
    "internvl12": Appending(1000, after=" Please give a detailed answer."),
    "lmms_eval": Appending(4096),
    "vlmevalkit": Appending(2048),
}


@dataclass(frozen=True)
class PairJudge:
    """The judge of a project: its model, longest reply and temperature, and whether it gets a system message.

    It is asked up to `tries` times if its reply is empty.
    """

    model: str
    tokens: int = 1024
    temperature: float = 0.2
    system: bool = True
    tries: int = 1


JUDGES = {
    "llava15": PairJudge("gpt-4-0314"),
    "internvl12": PairJudge("gpt-4-0613"),
    "lmms_eval": PairJudge("gpt-4o-2024-11-20", temperature=0.0, system=False),
    "vlmevalkit": PairJudge("gpt-4-1106-preview", tokens=2048, tries=6),
}


class WildRow(FileRow):
    """A row of questions.jsonl."""

    question_id: Identifier
    image: Text
    text: Text
    category: Text


class ContextRow(FileRow):
    """A row of context.jsonl: what is known about an image."""

    image: Text
    caption: FreeText | list[FreeText]


class ReferenceRow(FileRow):
    """A row of answers_gpt4.jsonl."""

    question_id: Identifier
    text: FreeText


class ReviewRow(FileRow):
    """A row of a recorded file of reviews."""

    question_id: Identifier
    content: FreeText
    tuple: list[int | float] = Field(min_length=2, max_length=2)
    answer2_id: Identifier | None = None


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the questions; the part is the category."""
    after = PROTOCOLS[protocol].after
    return [
        Question(row.question_id, row.text + after, (f"images/{row.image}",), row.category, stem=row.text)
        for row in _questions(files.questions)
    ]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the question, the image's captions and GPT-4's answer, which the judge reads.

    They are null without a gold file: then recorded reviews can be scored, but no request can be made.
    """
    if files.gold is None:
        return {question.id: None for question in questions}
    texts = {row.question_id: row for row in _questions(files.questions)}
    captions = {row.image: row.caption for row in _rows(files.gold.with_name(CONTEXT), ContextRow, _image)}
    answers = {row.question_id: row.text for row in _rows(files.gold, ReferenceRow, _id)}
    lacking = sorted(name for name, row in texts.items() if row.image not in captions or name not in answers)
    if lacking:
        cure = "name answers_gpt4.jsonl as gold, with context.jsonl beside it"
        raise PipelineError("no caption or no answer of GPT-4", where=files.gold, value=some(lacking), cure=cure)
    return {
        name: {"question": row.text, "context": _joined(captions[row.image]), "reference": answers[name]}
        for name, row in texts.items()
    }


def request(question: Question, gold: JsonValue, answer: str, protocol: str) -> JudgeRequest:
    """Return the request to compare an answer with GPT-4's; without gold PipelineError."""
    if gold is None:
        cure = "name answers_gpt4.jsonl as gold, with context.jsonl beside it, or recorded reviews of LLaVA's form"
        raise PipelineError("a request to the judge quotes captions and GPT-4's answer", value=question.id, cure=cure)
    known = cast(dict[str, str], gold)
    content = (
        f"[Context]\n{known['context']}\n\n[Question]\n{known['question']}\n\n"
        f"[Assistant 1]\n{known['reference']}\n\n[End of Assistant 1]\n\n"
        f"[Assistant 2]\n{answer}\n\n[End of Assistant 2]\n\n[System]\n{LLAVA_BENCH}\n\n"
    )
    judge = JUDGES[protocol]
    system = (Message("system", LLAVA_BENCH_SYSTEM),) if judge.system else ()
    attempt = Attempt((*system, Message("user", content)), judge.temperature)
    return JudgeRequest(question.id, judge.model, judge.tokens, (attempt,) * judge.tries)


def recorded(path: Path) -> list[JudgeReply]:
    """Return the replies in a file of reviews; a pair that its content contradicts raises PipelineError."""
    replies: list[JudgeReply] = []
    seen: dict[str, ReviewRow] = {}
    for where, content in read_rows_with_place(path):
        row = parse_row(ReviewRow, content, FORM, where)
        if seen.setdefault(row.question_id, row) != row:
            cure = "keep one of them, or name files of several runs one by one"
            raise PipelineError("another review of the same question", where=where, value=row.question_id, cure=cure)
        if tuple(row.tuple) != (two_words(row.content) or FAILED):
            cure = "restore the file: the pair is that of the first line of the content"
            value = f"{row.tuple}, content {row.content[:40]!r}"
            raise PipelineError("this pair is not that of its review", where=where, value=value, cure=cure)
        replies.append(JudgeReply(row.question_id, 0, (row.content,), where, answer_id=row.answer2_id, final=True))
    return replies


@dataclass(frozen=True)
class PairRatios:
    """100 times the ratio of the mean grades, of the model to GPT-4, over all and by category; and the means times 10.

    Means have three decimals, as in the official summary, unless a reader says that they are exact.
    """

    width: int = 4

    def counts(self, verdict: Verdict, extracted: JsonValue) -> list[float]:
        """Return 1, the two grades, and whether means are exact."""
        exact = isinstance(extracted, dict)
        pair = cast(dict[str, Any], extracted)["pair"] if exact else extracted
        return [1.0, *cast(list[float], pair), float(exact)]

    def metrics(self, sums: NDArray[np.float64], parts: list[str]) -> dict[str, Any]:
        """Return `all` and each category, each also with `/model` and `/reference`, by run."""
        chosen = {"all": sums.sum(axis=-3), **{part: sums[..., number, :, :] for number, part in enumerate(parts)}}
        metrics: dict[str, Any] = {}
        for name, counts in chosen.items():
            means = [ratio(counts[..., column], counts[..., 0]) for column in (1, 2)]
            reference, model = (np.where(counts[..., 3] > 0, mean, _rounded(mean)) for mean in means)
            metrics[name] = PERCENT * np.divide(model, reference, out=np.full_like(model, np.nan), where=reference != 0)
            metrics |= {f"{name}/model": BEST * model, f"{name}/reference": BEST * reference}
        return metrics


SCORER = ReplyScorer(
    readers={
        "llava15": ReviewReader(two_words),
        "internvl12": ReviewReader(two_words),
        "lmms_eval": ReviewReader(first_numbers),
        "vlmevalkit": ReviewReader(two_words_stripped, exact=True),
    },
    request=request,
    recorded=recorded,
    counting=PairRatios(),
)
cluster = by_image


def _rows(path: Path, model: type[Row], name_of: Callable[[Row], str]) -> Iterator[Row]:
    """Yield the rows of a file; one that is there twice comes once."""
    seen: dict[str | int, Row] = {}
    for where, content in read_rows_with_place(path):
        row = parse_row(model, content, KEYS, where)
        if not is_repeated(seen, name_of(row), row, where):
            yield row


def _questions(path: Path) -> Iterator[WildRow]:
    """Yield the rows of questions.jsonl; an unknown category raises PipelineError."""
    for row in _rows(path, WildRow, _id):
        if row.category not in CATEGORIES:
            cure = f"the categories are {', '.join(CATEGORIES)}"
            raise PipelineError(
                "an unknown category", where=f"{path}, question {row.question_id}", value=row.category, cure=cure
            )
        yield row


def _id(row: WildRow | ReferenceRow) -> str:
    return row.question_id


def _image(row: ContextRow) -> str:
    return row.image


def _joined(caption: str | list[str]) -> str:
    return caption if isinstance(caption, str) else "\n".join(caption)


def _rounded(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means with three decimals, each rounded as Python rounds."""
    return np.array([round(float(mean), DECIMALS) for mean in means.ravel()]).reshape(means.shape)
