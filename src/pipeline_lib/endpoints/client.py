"""A client that sends many requests to a server at once: paced, retried, within a budget."""

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Mapping
from urllib.parse import urlsplit

import httpx2
import openai

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.bodies import http_client, text_of
from pipeline_lib.endpoints.budget import NOTHING, Ledger, Tokens
from pipeline_lib.endpoints.completion import Completion, FilteredError, MalformedError, read_completion
from pipeline_lib.endpoints.faults import Fault, fault_of
from pipeline_lib.endpoints.keys import Key, find_key
from pipeline_lib.endpoints.pace import Pace
from pipeline_lib.endpoints.settings import EndpointSettings

NO_KEY = "none"  # what a server without keys gets
LONGEST_WAIT = 60.0  # seconds, unless the server asks for more
LEDGER = "spent.jsonl"  # in the state of a job


class RequestFailedError(Exception):
    """A request without a reply; the message is the reason."""


class StoppedError(Exception):
    """A request stays unsent, because an error ends the job."""


@dataclass(frozen=True)
class Chat:
    """A request: the model, the messages, the parameters, and the tokens that it takes at most, by an estimate."""

    model: str
    messages: list[dict[str, Any]]
    parameters: Mapping[str, Any]
    most: Tokens


class Client:
    """The requests of one job to a server; `stop` ends them. It may be entered again, for those of a further turn."""

    def __init__(self, settings: EndpointSettings, state: Path) -> None:
        self.access = settings.access
        self.ledger = Ledger(self.access, state / LEDGER)
        self.url = settings.url
        self._key: Key = find_key(self.access)
        self._pace = Pace(self.access.concurrency)
        self._server: openai.AsyncOpenAI | None = None
        self.error: PipelineError | None = None

    async def __aenter__(self) -> "Client":
        if self._server is not None:
            self.ledger, self._pace = self.ledger.reopened(), Pace(self.access.concurrency)
        key = self._key.reveal() or NO_KEY
        client = http_client(trust_env=not self._is_here())  # past any proxy to this machine
        self._server = openai.AsyncOpenAI(
            api_key=key, base_url=self.url, timeout=self.access.timeout, max_retries=0, http_client=client
        )
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs a line for every request
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            await self._server.close()
        self.ledger.close()

    def _is_here(self) -> bool:
        """Return whether the server is on this machine."""
        return urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")

    def stop(self, error: PipelineError) -> None:
        """Send nothing more, for this reason; requests under way still get their answers."""
        self.error = self.error or error
        self._pace.ended.set()

    async def chat(self, chat: Chat) -> Completion:
        """Return the reply to a request, after several attempts if need be.

        Raises RequestFailedError if there is none, and PipelineError if no further request should be sent.
        """
        last = self.access.attempts - 1
        for attempt in range(last):
            result = await self._attempt(chat)
            if isinstance(result, Completion):
                return result
            if not result.again:
                raise RequestFailedError(result.reason)
            await self._wait(attempt, result.wait)
        result = await self._attempt(chat)
        if isinstance(result, Completion):
            return result
        raise RequestFailedError(f"{result.reason}; attempt {last + 1}")

    async def _attempt(self, chat: Chat) -> Completion | Fault:
        async with self._pace.slot() as sent:
            await self.ledger.reserve(chat.most)
            spent = NOTHING
            try:
                if self.error is not None:
                    raise StoppedError
                result = await self._send(chat)
                if isinstance(result, Completion):
                    spent = result.took(chat.most)
                    self._pace.answered()
                else:
                    spent = chat.most if result.charged else NOTHING
                    self._slow_down(result, sent)
                return result
            finally:
                await self.ledger.settle(chat.most, spent)

    async def _send(self, chat: Chat) -> Completion | Fault:
        try:
            return self._without_key(read_completion(await self._body(chat)))
        except FilteredError as error:
            return Fault(str(error), again=False, charged=True)
        except MalformedError as error:
            return Fault(str(error), again=True, charged=True)
        except (openai.APIError, TimeoutError) as error:
            sent = {"model": chat.model, **chat.parameters}
            return fault_of(error, self._key.without, self.url, sent)

    async def _body(self, chat: Chat) -> str:
        """Return the body of the response, without the key."""
        assert self._server is not None
        body = {"model": chat.model, "messages": chat.messages, **chat.parameters}
        async with asyncio.timeout(self.access.timeout):
            response = await self._server.post("/chat/completions", cast_to=httpx2.Response, body=body)
        try:
            return self._key.without(text_of(response.content))
        except UnicodeDecodeError as error:
            raise MalformedError(f"the response is not UTF-8 text at byte {error.start}") from error

    def _without_key(self, completion: Completion) -> Completion:
        """Return a reply without the key, which a body may hold with escapes of JSON."""
        hide = self._key.without
        model = completion.model and hide(completion.model)
        fingerprint = completion.fingerprint and hide(completion.fingerprint)
        return replace(completion, text=hide(completion.text), model=model, fingerprint=fingerprint)

    def _slow_down(self, fault: Fault, sent: float) -> None:
        if fault.slow:
            self._pace.slowed(sent)
        if fault.wait:
            self._pace.pause(fault.wait)

    async def _wait(self, attempt: int, retry_after: float | None) -> None:
        """Wait before another attempt, unless the server has asked all requests to wait."""
        if retry_after is None:
            await self._pace.sleep(min(LONGEST_WAIT, self.access.first_wait * 2**attempt))
