"""The interface of a judged benchmark: requests to a language model about answers, and the replies that grades need.

The module of a judged benchmark has `request` and `recorded`, and its `SCORER` is a `JudgedScorer`. They are pure
functions: what asks a judge is in `judges/`, and the judge stage stores its replies.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Literal, Mapping, Protocol, Sequence, cast

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Grade, Question, Scorer, Tallies
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.text import canonical_json

Role = Literal["system", "user"]
NO_REPLY = "no reply"  # the rule of a grade without any


@dataclass(frozen=True)
class Message:
    """A message to a judge."""

    role: Role
    content: str


@dataclass(frozen=True)
class Attempt:
    """What is sent to a judge, and at which temperature."""

    messages: tuple[Message, ...]
    temperature: float


def has_text(reply: str) -> bool:
    """Return whether a reply is more than white space."""
    return bool(reply.strip())


@dataclass(frozen=True)
class JudgeRequest:
    """A request about the answer to the question of this id.

    `model` is the one that the protocol asks; `max_tokens` is None where it sets no limit. The first attempt is sent;
    each further one only if the reply to the one before is not `readable`.
    """

    id: str
    model: str
    max_tokens: int | None
    attempts: tuple[Attempt, ...]
    readable: Callable[[str], bool] = has_text

    @property
    def digest(self) -> str:
        """Return the sha256 of all messages: a reply to other messages is none to this request.

        It leaves out the model and its settings: replies state their model, and several models may judge one answer.
        """
        sent = [[[message.role, message.content] for message in attempt.messages] for attempt in self.attempts]
        return digest_text(canonical_json(sent))


@dataclass(frozen=True)
class JudgeReply:
    """The replies to the attempts of one request, in one run of the judge.

    `asked` and `served` are the model of the request, and the one that the server names. Which answer was judged
    is known by `request`, the digest of the request, by `answer_id`, the id in the record of the answer, or by
    `answer`, the digest of its text. `final`: the judge was asked as often as the official code does. `read` is what
    the official code read, where its file says so. `raw` has the texts with the judge's reasoning, where it was removed
    from `texts`. `where` is the position.
    """

    id: str
    run: int
    texts: tuple[str, ...]
    where: str
    asked: str | None = None
    served: str | None = None
    request: str | None = None
    answer_id: str | None = None
    answer: str | None = None
    status: Literal["ok", "failed"] = "ok"
    final: bool = False
    read: JsonValue = None
    raw: tuple[str, ...] | None = None


class RequestFunction(Protocol):
    """The function `request` of a judged benchmark."""

    def __call__(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> JudgeRequest | None:
        """Return the request about an answer, None if its grade needs no judge.

        Of a function that is `Quoting`, the second argument is what it quotes instead of the gold answer.
        """


class Quoting(RequestFunction, Protocol):
    """A function `request` that quotes something of every question that neither its prompt nor its gold answer has."""

    @property
    def quoted(self) -> Callable[[Files], Mapping[str, JsonValue]]:
        """Return the function that reads it from the files, by the id of the question."""


def quoted_by(request: RequestFunction, files: Files) -> Mapping[str, JsonValue]:
    """Return what requests quote of each question instead of its gold answer, by id; nothing of most benchmarks."""
    return cast(Quoting, request).quoted(files) if hasattr(request, "quoted") else {}


class RecordedReader(Protocol):
    """The function `recorded` of a judged benchmark."""

    def __call__(self, path: Path) -> list[JudgeReply]:
        """Return the replies in a file that the official code wrote; another file raises PipelineError."""


class Judged(Protocol):
    """The further members of a judged benchmark's module."""

    request: RequestFunction
    recorded: RecordedReader


class JudgedScorer(Scorer, Protocol):
    """Grades answers from the replies of a judge; `grade` of such a scorer has none.

    If the judge is `optional`, a score without one is that of `grade`.
    """

    request: RequestFunction
    recorded: RecordedReader
    optional: bool

    def judge(
        self, question: Question, gold: JsonValue, answer: str, replies: Sequence[JudgeReply], protocol: str
    ) -> Grade:
        """Return the grade of an answer from the replies to its request, one a run.

        `extracted` lists what each run reads, null where it cannot be read. If there is none, the status is `unjudged`
        and the rule says why.
        """

    def of_runs(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return every metric from summed tallies [..., …], by run of the judge [..., runs]."""


def judged_scorer(scorer: Scorer) -> JudgedScorer | None:
    """Return the scorer of a benchmark that a judge may grade, None for one that grades by rules alone."""
    return cast(JudgedScorer, scorer) if hasattr(scorer, "judge") else None


def is_always_judged(scorer: Scorer) -> bool:
    """Return whether a scorer has no grades without a judge."""
    judged = judged_scorer(scorer)
    return judged is not None and not judged.optional
