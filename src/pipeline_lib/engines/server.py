"""Engine `server`: the job starts a server for the checkpoint, asks it as the engine `openai` does, and ends it.

What is served is an export in the hub's layout with the model's template for chats; it stays while a job is resumed.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Iterator, Literal, Self, Sequence, cast

from pydantic import Field, field_validator
from pydantic.json_schema import SkipJsonSchema

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import Plugin, PluginName, load, names
from pipeline_lib.endpoints.access import Access
from pipeline_lib.endpoints.settings import Sending
from pipeline_lib.engines import openai
from pipeline_lib.engines.base import Answered, AnswerSettings, EngineSettings, Places, Reply, Request
from pipeline_lib.servers.base import MODEL, Served, ServerModule, ServerSettings

if TYPE_CHECKING:
    from pipeline_lib.endpoints.own_server import Command, OwnServer
    from pipeline_lib.images.reader import ImageReader

CHAT = "chat_template.jinja"

logger = logging.getLogger(__name__)


def _or_a_name(schema: dict[str, Any]) -> None:
    """Add to a schema that `program: vllm` is short for `program: {name: vllm}`."""
    settings = {key: schema.pop(key) for key in ("title", "type", "properties", "required", "oneOf")}
    schema["anyOf"] = [settings, {"enum": names("servers")}]


class Settings(Sending, EngineSettings):
    """Which program serves the checkpoint, and what is sent to it."""

    serves_model: ClassVar[bool] = True

    name: Literal["server"]
    program: Annotated[ServerSettings, Plugin("servers", key="name")] = Field(
        description="what serves the checkpoint; `transformers` is short for `{name: transformers}`",
        json_schema_extra=_or_a_name,
    )
    reasoning: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_]+$",
        description="the tag of reasoning in replies, which is removed, such as `think`; none: nothing is removed",
    )
    access: Access = Field(
        default=Access(timeout=600), exclude=True, description="pace and budget; a change of them asks nothing again"
    )
    ready_within: float = Field(
        default=1800, gt=0, le=86_400, exclude=True, description="seconds until the server must be ready"
    )
    gpus: int = Field(
        default=1, gt=0, le=1000, exclude=True, description="GPUs that the server gets with `device: cuda`"
    )
    exported_by: SkipJsonSchema[Annotated[str, PluginName("families", members=("export",))] | None] = Field(
        default=None,
        exclude=True,  # set by the workflow: an edit of the export asks again
    )

    @field_validator("program", mode="before")
    @classmethod
    def _named(cls, program: Any) -> Any:
        return {"name": program} if isinstance(program, str) else program

    def means(self) -> dict[str, Any]:
        """Return how the server is reached and what it takes of the machine."""
        own = {"ready_within": self.ready_within, "gpus": self.gpus, "program": self.program.means()}
        return {**super().means(), **own}

    def processes_at_once(self) -> int:
        """Return the number of GPUs that the server gets."""
        return self.gpus

    def of_family(self, family: str) -> Self:
        """Return the settings for a checkpoint of a family, whose export is served."""
        return self.model_copy(update={"exported_by": family})


@dataclass(frozen=True)
class ServerEngine:
    """A checkpoint, the images of its requests, and how it answers."""

    settings: Settings
    model: Path
    images: "ImageReader"
    how: AnswerSettings
    places: Places

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield the replies as they come, while a server runs; none is started where all are answered."""
        from pipeline_lib.endpoints.own_server import started

        if all(request.id in answered and answered[request.id].status == "ok" for request in requests):
            return
        folder, log = self._export(), self.places.server_log
        with started(
            lambda port: self._command(folder, port), folder.parent, log, self.settings.ready_within
        ) as server:
            facts = {"program": self.settings.program.name, "version": self._version(server)}
            try:
                for reply in self._client(server, folder).answer(requests, answered):
                    yield replace(reply, facts=_facts(reply.facts, facts))
            except PipelineError as error:
                server.expect_running(error)
                raise

    def _export(self) -> Path:
        """Return the folder that is served; an interrupted job has it already."""
        from pipeline_lib.models.card import expect_kind
        from pipeline_lib.models.family import load_family
        from pipeline_lib.models.layouts import ExportOptions

        card = expect_kind(self.model, "vlm")
        if card.template != self.how.template:
            what = f"this model was made for another template than {self.how.template}"
            raise PipelineError(what, value=card.template, cure="correct `template`, or delete the model's manifest")
        folder = self.places.state.resolve() / "export" / MODEL
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            load_family(card.family).export(self.model, folder, "hub", ExportOptions())
        if not (folder / CHAT).is_file():
            what = "a server turns messages into a prompt by a template for chats, and this model's template has none"
            raise PipelineError(what, value=card.template, cure="ask it with the engine transformers")
        return folder

    def _command(self, folder: Path, port: int) -> "Command":
        return self._module().command(self.settings.program, Served(folder, port, self.how.device))

    def _module(self) -> ServerModule:
        return cast(ServerModule, load("servers", self.settings.program.name))

    def _version(self, server: "OwnServer") -> str | None:
        """Return the version of the program; PipelineError if the study states another one."""
        stated, found = self.settings.program.version, self._module().version(self.settings.program, server.root)
        if stated is not None and stated != found:
            what = f"the study states another version of {self.settings.program.name}"
            raise PipelineError(what, where="program.version", value=found, cure=f"install {stated}, or correct it")
        return found

    def _client(self, server: "OwnServer", folder: Path) -> openai.OpenAIEngine:
        """Return the engine that asks the server."""
        settings, url = self.settings, server.root + self._command(folder, 0).path
        asked = openai.Settings(
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
        return openai.open_engine(asked, None, self.images, self.how, self.places)


def _facts(of_reply: dict[str, Any], server: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a reply; what the server says of its model stands beside the checkpoint's digest."""
    said = {name: of_reply["model"][name] for name in ("served", "fingerprint")}
    return {**{name: value for name, value in of_reply.items() if name != "model"}, "server": {**server, **said}}


def open_engine(
    settings: Settings, model: Path, images: "ImageReader", how: AnswerSettings, places: Places
) -> ServerEngine:
    """Return the engine that starts a server when there is something to ask."""
    return ServerEngine(settings, model, images, how, places)
