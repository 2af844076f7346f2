"""Engine `server`: the job starts a server for the checkpoint, asks it as the engine `openai` does, and ends it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Literal, Sequence

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.access import Access
from pipeline_lib.endpoints.settings import Sending
from pipeline_lib.engines import openai
from pipeline_lib.engines.base import Answered, AnswerSettings, EnginePaths, Reply, Request, unanswered
from pipeline_lib.engines.serving.checkpoint import ServedCheckpoint, ServingSettings
from pipeline_lib.servers.base import MODEL

if TYPE_CHECKING:
    from pipeline_lib.images.reader import ImageReader


class Settings(ServingSettings, Sending):
    """Which program serves the checkpoint, and what is sent to it."""

    name: Literal["server"]
    reasoning: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_]+$",
        description="the tag of reasoning to remove from replies, such as `think`; none: nothing to remove",
    )
    access: Access = Field(
        default=Access(timeout=600), exclude=True, description="pace and budget; a change of them asks nothing again"
    )


@dataclass(frozen=True)
class ServerEngine:
    """A checkpoint, the images of its requests, and how it answers."""

    settings: Settings
    model: Path
    images: "ImageReader"
    how: AnswerSettings
    paths: EnginePaths

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield the replies as they come, while a server runs; none is started where all are answered."""
        if not unanswered(requests, answered):
            return
        with ServedCheckpoint(self.settings, self.model, self.how, self.paths).started() as serving:
            try:
                for reply in self._client(serving.url).answer(requests, answered):
                    yield replace(reply, facts=_facts(reply.facts, serving.facts))
            except PipelineError as error:
                serving.server.expect_running(error)
                raise

    def _client(self, url: str) -> openai.OpenAIEngine:
        """Return the engine that asks the server."""
        settings = self.settings
        client_settings = openai.Settings(
            name="openai",
            model=MODEL,
            url=url,
            maximum=settings.maximum,
            max_tokens=settings.max_tokens,
            sends=settings.sends,
            parameters=settings.parameters,
            reasoning=settings.reasoning,
            access=settings.access,
        )
        return openai.open_engine(client_settings, None, self.images, self.how, self.paths)


def _facts(of_reply: dict[str, Any], server: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a reply; what the server says of its model stands beside the checkpoint's digest."""
    stated = {name: of_reply["model"][name] for name in ("served", "fingerprint")}
    return {**{name: value for name, value in of_reply.items() if name != "model"}, "server": {**server, **stated}}


def open_engine(
    settings: Settings, model: Path, images: "ImageReader", how: AnswerSettings, paths: EnginePaths
) -> ServerEngine:
    """Return the engine that starts a server when there is something to ask."""
    return ServerEngine(settings, model, images, how, paths)
