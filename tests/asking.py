"""Ask a server by the engine `openai`, as a predict job does."""

import json
from pathlib import Path
from typing import Any, Callable, Sequence

from pipeline_lib.endpoints.access import Access
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, Reply, Request
from pipeline_lib.engines.openai import Settings, open_engine
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.saved import SavedReplies
from tests.chat_server import Answer, ChatServer, echo, text_of

HOW = AnswerSettings(threads=1, family=None, template=None)
FAST = {"key": "STUB_KEY", "attempts": 3, "first_wait": 0.01, "timeout": 5.0}


def requests(count: int, images: tuple[str, ...] = ()) -> list[Request]:
    return [Request(f"q{number}", f"question {number}", images, 16) for number in range(count)]


def ask(
    server: ChatServer,
    state: Path,
    asked: list[Request],
    how: AnswerSettings = HOW,
    images: ImageReader | None = None,
    access: dict[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Reply]:
    """Return the replies to all requests that the state has in the end."""
    state.mkdir(exist_ok=True)
    reach = Access.model_validate({**FAST, **(access or {})})
    engine = open_engine(
        Settings(name="openai", model="stub", url=server.url, access=reach, **settings),
        None,
        images or ImageReader([]),
        how,
        EnginePaths(state, state / "server.log"),
    )
    return saved_replies(engine, asked, state)


def saved_replies(engine: Any, asked: Sequence[Request], state: Path) -> dict[str, Reply]:
    """Return the replies to all requests that the state has after an engine was asked, as a job saves them."""
    saved = SavedReplies(state / "replies.jsonl")
    try:
        for reply in engine.answer(asked, saved):
            saved.add(reply)
    finally:
        saved.close()
    return {request.id: saved[request.id] for request in asked if request.id in saved}


def saved_in(state: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (state / "replies.jsonl").read_text().splitlines()]


def faulty(fault: Callable[[int], Answer | None]) -> Callable[[dict[str, Any], int], Answer]:
    """Return a server's reply: to the question 1, as `fault` makes it of the number of earlier tries; else an echo."""

    def reply(body: dict[str, Any], before: int) -> Answer:
        made = fault(before) if text_of(body) == "question 1" else None
        return made or echo(body, before)

    return reply
