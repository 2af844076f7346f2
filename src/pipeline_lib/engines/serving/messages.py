"""A request as messages of a chat: the benchmark's prompt is one message of the user, its images first."""

from typing import Any, Sequence

from pipeline_lib.engines.base import Request

Message = dict[str, Any]


def messages_of(request: Request, urls: Sequence[str], system: str | None = None) -> list[Message]:
    """Return the messages of a request whose images have these URLs; without an image, the text stands alone.

    Earlier turns of the conversation follow, as messages of the model and of the user.
    """
    parts: list[Message] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    content = [*parts, {"type": "text", "text": request.text}] if parts else request.text
    first = [] if system is None else [{"role": "system", "content": system}]
    rounds = [
        {"role": role, "content": text}
        for each in request.rounds
        for role, text in (("assistant", each.answer), ("user", each.then))
    ]
    return [*first, {"role": "user", "content": content}, *rounds]
