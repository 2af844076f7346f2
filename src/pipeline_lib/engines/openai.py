"""Engine `openai`: a model behind a server with OpenAI's chat interface answers; its replies are recorded as they come.

Its images are the pixels that a local model is shown, as PNG.
"""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Iterator, Literal, Sequence

from pydantic import Field

from pipeline_lib.core.cutting import cut_behind
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.endpoints.reasoning import without_reasoning
from pipeline_lib.endpoints.settings import EndpointSettings
from pipeline_lib.engines.base import Answered, AnswerSettings, EnginePaths, EngineSettings, Reply, Request, unanswered
from pipeline_lib.engines.serving.messages import messages_of

if TYPE_CHECKING:
    from pipeline_lib.endpoints.budget import Tokens
    from pipeline_lib.endpoints.client import Client
    from pipeline_lib.endpoints.completion import Completion
    from pipeline_lib.endpoints.pictures import DataUrls
    from pipeline_lib.endpoints.streaming import Outcome
    from pipeline_lib.images.reader import ImageReader

SEEDS = 2**31  # servers take no larger seed

logger = logging.getLogger(__name__)


class Settings(EndpointSettings, EngineSettings):
    """Which model of which server answers, and what is sent to it."""

    brings_model: ClassVar[bool] = True

    name: Literal["openai"]
    model: str = Field(min_length=1, description="the model, as the server names it")
    system: str | None = Field(default=None, description="a system message before every question; none: none is sent")


@dataclass(frozen=True)
class OpenAIEngine:
    """A server, the images of its requests, and how its model answers."""

    settings: Settings
    client: "Client"
    images: "ImageReader"
    urls: "DataUrls"
    how: AnswerSettings

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield the replies as they come; requests that failed before are sent again."""
        from pipeline_lib.endpoints.budget import total
        from pipeline_lib.endpoints.streaming import results

        pending = unanswered(requests, answered)
        for request in pending:
            self._expect_usable(request)
        images = sum(len(request.images) for request in pending)
        most = self.client.ledger.text(total(map(self._most, pending)))
        logger.info("%d requests with %d images; at most about %s", len(pending), images, most)
        works = len(pending) < len(requests)
        yield from results(self.client, (partial(self._ask, request) for request in pending), len(pending), works)

    def _expect_usable(self, request: Request) -> None:
        """Raise PipelineError for an image that is not usable, or that only a local model can be shown."""
        for path in request.images:
            self.images.row(path)
        if request.padded_first and request.images:
            what = "only a local model takes images padded before they become RGB"
            raise PipelineError(what, where=f"question {request.id}", cure="leave out `as_original`")

    async def _ask(self, request: Request) -> "Outcome[Reply]":
        from pipeline_lib.endpoints.client import Chat, RequestFailedError
        from pipeline_lib.endpoints.streaming import Outcome

        urls = [await self.urls.of(path) for path in request.images]
        messages = messages_of(request, urls, self.settings.system)
        chat = Chat(self.settings.model, messages, self._parameters(request), self._most(request))
        try:
            return Outcome(self._reply(request, await self.client.chat(chat)))
        except RequestFailedError as error:
            return Outcome(Reply(request.id, str(error), None, status="failed", facts=self._facts(None)), str(error))

    def _parameters(self, request: Request) -> dict[str, object]:
        """Return how the model decodes; what equals the default of all servers is not sent."""
        seed = None if self.how.seed is None else derive_seed(self.how.seed, "answer", request.id) % SEEDS
        top_p = None if self.how.top_p == 1 else self.how.top_p
        decoding = {"temperature": self.how.temperature, "top_p": top_p, "stop": self.how.stop, "seed": seed}
        return self.settings.decoding(request.max_new_tokens, **decoding)

    def _most(self, request: Request) -> "Tokens":
        """Return the tokens that a request takes at most, by an estimate of its prompt."""
        from pipeline_lib.endpoints.budget import Tokens, tokens_in

        rounds = "".join(text for each in request.rounds for text in each)
        text = request.text + (self.settings.system or "") + rounds
        image_tokens = self.client.access.image_tokens * len(request.images)
        return Tokens(tokens_in(text) + image_tokens, self.settings.max_tokens or request.max_new_tokens)

    def _reply(self, request: Request, completion: "Completion") -> Reply:
        whole = without_reasoning(completion.text, self.settings.reasoning)
        text = cut_behind(whole, request.until).strip()  # here: a server does not say at which text it stopped
        facts = self._facts(completion)
        if text != completion.text.strip():
            facts["raw"] = completion.text
        ended = not completion.cut or (request.until is not None and request.until in whole)
        stop: Literal["end", "length"] = "end" if ended else "length"
        return Reply(request.id, text, completion.answer_tokens, stop=stop, facts=facts)

    def _facts(self, completion: "Completion | None") -> dict[str, Any]:
        """Return what the record of an answer says of its model; None is what the server did not say."""
        served, fingerprint = (completion.model, completion.fingerprint) if completion else (None, None)
        model = {"asked": self.settings.model, "served": served, "fingerprint": fingerprint}
        return {"model": model, "prompt_tokens": completion.prompt_tokens if completion else None}


def open_engine(
    settings: Settings, model: Path | None, images: "ImageReader", how: AnswerSettings, paths: EnginePaths
) -> OpenAIEngine:
    """Return the engine that asks a server; a key that is not on this machine raises PipelineError."""
    from pipeline_lib.endpoints.client import Client
    from pipeline_lib.endpoints.pictures import DataUrls

    urls = DataUrls(lambda path: images.open(path, images.row(path).pin))
    return OpenAIEngine(settings, Client(settings, paths.state), images, urls, how)
