"""The reply of a server to one request: its text, its model as the server names it, and what it took."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from pipeline_lib.core.fields import LARGEST
from pipeline_lib.endpoints.budget import Tokens, tokens_in

SHOWN = 200  # characters of a malformed reply


class MalformedError(Exception):
    """A reply that is not in the form of a chat completion; the message shows its beginning."""


class FilteredError(Exception):
    """A reply without text, because the server withholds it or the model calls a tool."""


@dataclass(frozen=True)
class Completion:
    """A reply: `text` as the model wrote it, and whether its length was `cut`; None is what the server does not say."""

    text: str
    cut: bool
    model: str | None
    fingerprint: str | None
    prompt_tokens: int | None
    answer_tokens: int | None

    def took(self, most: Tokens) -> Tokens:
        """Return the tokens that it took; what the server does not say is estimated, from `most` and the text."""
        prompt = most.prompt if self.prompt_tokens is None else self.prompt_tokens
        return Tokens(prompt, tokens_in(self.text) if self.answer_tokens is None else self.answer_tokens)


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = Field(default=None, ge=0, lt=LARGEST)
    completion_tokens: int | None = Field(default=None, ge=0, lt=LARGEST)


class _Body(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    system_fingerprint: str | None = None
    usage: _Usage | None = None


def read_completion(body: str) -> Completion:
    """Return the reply in the body of a response; MalformedError, or FilteredError for a reply without text.

    Where a model refuses to reply, its refusal is the text.
    """
    try:
        read = _Body.model_validate_json(body)
    except ValidationError as error:
        raise MalformedError(f"no chat completion: {_first_fault(error)}: {body[:SHOWN]!r}") from error
    choice, usage = read.choices[0], read.usage or _Usage()
    if choice.finish_reason == "content_filter":
        raise FilteredError("the server withholds the reply: content_filter")
    text = choice.message.content if choice.message.content is not None else choice.message.refusal
    if not text and choice.message.tool_calls:
        raise FilteredError("the model calls a tool and says nothing")
    return Completion(
        text or "",
        choice.finish_reason == "length",
        read.model,
        read.system_fingerprint,
        usage.prompt_tokens,
        usage.completion_tokens,
    )


def _first_fault(error: ValidationError) -> str:
    """Return where a body is not as expected, and what is wrong there."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ": ".join(filter(None, (".".join(map(str, fault["loc"])), fault["msg"])))
