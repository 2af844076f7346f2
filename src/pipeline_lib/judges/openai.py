"""Judge `openai`: a model behind a server with OpenAI's chat interface judges; replies are recorded as they come."""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Container, Iterator, Literal, Sequence

from pydantic import Field

from pipeline_lib.benchmarks.families.judging import Attempt, JudgeReply, JudgeRequest, RecordedReader
from pipeline_lib.endpoints.reasoning import without_reasoning
from pipeline_lib.endpoints.settings import EndpointSettings
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.judges.base import Asked, JudgeSettings

if TYPE_CHECKING:
    from pipeline_lib.endpoints.budget import Tokens
    from pipeline_lib.endpoints.client import Client
    from pipeline_lib.endpoints.completion import Completion
    from pipeline_lib.endpoints.streaming import Outcome

UNLIMITED = 1024  # tokens of a reply without a limit, in estimates

logger = logging.getLogger(__name__)


class Settings(EndpointSettings, JudgeSettings):
    """Which model of which server judges, and what is sent to it."""

    name: Literal["openai"]
    model: str | None = Field(
        default=None, min_length=1, description="the model, as the server names it; none: the one of the protocol"
    )
    runs: int = Field(default=1, ge=1, le=100, description="how often every answer is judged")


@dataclass(frozen=True)
class OpenAIJudge:
    """A server, and how its model judges."""

    settings: Settings
    client: "Client"

    def judge(self, requests: Sequence[JudgeRequest], replied: Container[Asked]) -> Iterator[JudgeReply]:
        """Yield the replies as they come."""
        from pipeline_lib.endpoints.budget import total
        from pipeline_lib.endpoints.streaming import results
        from pipeline_lib.job.progress import Progress

        pairs = [(request, run) for request in requests for run in range(self.settings.runs)]
        pending = [(request, run) for request, run in pairs if (request.digest, run) not in replied]
        most = self.client.ledger.text(total(self._most(request, request.attempts[0]) for request, _ in pending))
        logger.info("%d requests, the first attempts take at most about %s", len(pending), most)
        tasks = (partial(self._ask, request, run) for request, run in pending)
        progress = Progress("replies", len(pending), logs=False)  # a line has what they cost too
        for done, reply in enumerate(results(self.client, tasks, len(pending), len(pending) < len(pairs)), 1):
            yield reply
            progress.at(done)

    async def _ask(self, request: JudgeRequest, run: int) -> "Outcome[JudgeReply]":
        """Return the replies to the attempts of a request, until one is readable."""
        from pipeline_lib.endpoints.client import RequestFailedError
        from pipeline_lib.endpoints.streaming import Outcome

        model, completions = self.settings.model or request.model, []
        failure = None
        for attempt in request.attempts:
            try:
                completions.append(await self._attempt(model, request, attempt))
            except RequestFailedError as error:
                failure = str(error)
                break
            if request.readable(self._text(completions[-1])):
                break
        raw, texts = tuple(each.text for each in completions), tuple(map(self._text, completions))
        reply = JudgeReply(
            request.id,
            run,
            texts if failure is None else (*texts, failure),
            "",
            asked=model,
            served=completions[-1].model if completions else None,
            request=request.digest,
            status="ok" if failure is None else "failed",
            raw=None if raw == texts else raw,
        )
        return Outcome(reply, failure)

    async def _attempt(self, model: str, request: JudgeRequest, attempt: Attempt) -> "Completion":
        from pipeline_lib.endpoints.client import Chat

        messages = [{"role": message.role, "content": message.content} for message in attempt.messages]
        parameters = self.settings.decoding(request.max_tokens, temperature=attempt.temperature)
        return await self.client.chat(Chat(model, messages, parameters, self._most(request, attempt)))

    def _text(self, completion: "Completion") -> str:
        """Return a reply as the model wrote it, except for its reasoning."""
        text = without_reasoning(completion.text, self.settings.reasoning)
        return completion.text if text == completion.text.strip() else text

    def _most(self, request: JudgeRequest, attempt: Attempt) -> "Tokens":
        """Return the tokens that an attempt takes at most, by an estimate of its messages."""
        from pipeline_lib.endpoints.budget import Tokens, tokens_in

        prompt = sum(tokens_in(message.content) for message in attempt.messages)
        return Tokens(prompt, self.settings.max_tokens or request.max_tokens or UNLIMITED)


def open_judge(settings: Settings, files: list[Manifest], recorded: RecordedReader, state: Path) -> OpenAIJudge:
    """Return the judge that asks a server; a key that is not on this machine raises PipelineError."""
    from pipeline_lib.endpoints.client import Client

    return OpenAIJudge(settings, Client(settings, state))
