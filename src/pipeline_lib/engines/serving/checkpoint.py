"""A checkpoint behind a server that its job starts: an export in the hub's layout with the model's template for chats.

The export stays while a job is resumed.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Iterator, Self, cast

from pydantic import Field, field_validator
from pydantic.json_schema import SkipJsonSchema

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import Plugin, PluginName, load, names
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, EngineSettings
from pipeline_lib.servers.base import MODEL, Served, ServerModule, ServerSettings

if TYPE_CHECKING:
    from pipeline_lib.endpoints.own_server import Command, OwnServer

CHAT = "chat_template.jinja"


def _or_a_name(schema: dict[str, Any]) -> None:
    """Add to a schema that `program: vllm` is short for `program: {name: vllm}`."""
    settings = {key: schema.pop(key) for key in ("title", "type", "properties", "required", "oneOf")}
    schema["anyOf"] = [settings, {"enum": names("servers")}]


class ServingSettings(EngineSettings):
    """Which program serves the checkpoint, and what it takes of the machine."""

    serves_model: ClassVar[bool] = True

    program: Annotated[ServerSettings, Plugin("servers", key="name")] = Field(
        description="what serves the checkpoint; `transformers` is short for `{name: transformers}`",
        json_schema_extra=_or_a_name,
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
        local = {"ready_within": self.ready_within, "gpus": self.gpus, "program": self.program.means()}
        return {**super().means(), **local}

    def processes_at_once(self) -> int:
        """Return the number of GPUs that the server gets."""
        return self.gpus

    def of_family(self, family: str) -> Self:
        """Return the settings for a checkpoint of a family, whose export is served."""
        return self.model_copy(update={"exported_by": family})


@dataclass(frozen=True)
class Serving:
    """A running server, the address of its interface, and what the records of answers say of it."""

    server: "OwnServer"
    url: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class ServedCheckpoint:
    """A checkpoint, and what serves it."""

    settings: ServingSettings
    model: Path
    how: AnswerSettings
    paths: EnginePaths

    @contextmanager
    def started(self) -> Iterator[Serving]:
        """Yield the server of the checkpoint, which names its model MODEL; it ends with the block."""
        from pipeline_lib.endpoints.own_server import started

        folder, settings = self._export(), self.settings
        module = cast(ServerModule, load("servers", settings.program.name))

        def command(port: int) -> "Command":
            return module.command(settings.program, Served(folder, port, self.how.device))

        with started(command, folder.parent, self.paths.server_log, settings.ready_within) as server:
            facts = {"program": settings.program.name, "version": self._version(module, server)}
            yield Serving(server, server.root + command(0).path, facts)

    def _export(self) -> Path:
        """Return the folder to serve; an interrupted job has it already."""
        from pipeline_lib.models.card import expect_kind
        from pipeline_lib.models.family import load_family
        from pipeline_lib.models.layouts import ExportOptions

        card = expect_kind(self.model, "vlm")
        if card.template != self.how.template:
            what = f"this model was made for another template than {self.how.template}"
            raise PipelineError(what, value=card.template, cure="correct `template`, or delete the model's manifest")
        folder = self.paths.state.resolve() / "export" / MODEL
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            load_family(card.family).export(self.model, folder, "hub", ExportOptions())
        if not (folder / CHAT).is_file():
            what = "a server turns messages into a prompt by a template for chats, and this model's template has none"
            raise PipelineError(what, value=card.template, cure="ask it with the engine transformers")
        return folder

    def _version(self, module: ServerModule, server: "OwnServer") -> str | None:
        """Return the version of the program; PipelineError if the study states another one."""
        stated, answers = self.settings.program.version, module.version(self.settings.program, server.root)
        if stated is not None and stated != answers:
            what = f"the study states another version of {self.settings.program.name}"
            raise PipelineError(what, where="program.version", value=answers, cure=f"install {stated}, or correct it")
        return answers
