"""A checkpoint behind a server that its job starts, which loads the export with the model's template for chats."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Iterator, cast

from pydantic import Field, field_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import Plugin, load, names
from pipeline_lib.engines.base import AnswerSettings, EnginePaths
from pipeline_lib.engines.serving.export import ExportedSettings, exported
from pipeline_lib.servers.base import Served, ServerModule, ServerSettings

if TYPE_CHECKING:
    from pipeline_lib.endpoints.own_server import Command, OwnServer


def _or_a_name(schema: dict[str, Any]) -> None:
    """Add to a schema that `program: vllm` is short for `program: {name: vllm}`."""
    settings = {key: schema.pop(key) for key in ("title", "type", "properties", "required", "oneOf")}
    schema["anyOf"] = [settings, {"enum": names("servers")}]


class ServingSettings(ExportedSettings):
    """Which program serves the checkpoint, and what it takes of the machine."""

    program: Annotated[ServerSettings, Plugin("servers", key="name")] = Field(
        description="what serves the checkpoint; `transformers` is short for `{name: transformers}`",
        json_schema_extra=_or_a_name,
    )
    ready_within: float = Field(
        default=1800, gt=0, le=86_400, exclude=True, description="seconds until the server must be ready"
    )

    @field_validator("program", mode="before")
    @classmethod
    def _named(cls, program: Any) -> Any:
        return {"name": program} if isinstance(program, str) else program

    def means(self) -> dict[str, Any]:
        """Return how the server is reached and what it takes of the machine."""
        local = {"ready_within": self.ready_within, "program": self.program.means()}
        return {**super().means(), **local}


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

        folder, settings = exported(self.model, self.how, self.paths), self.settings
        module = cast(ServerModule, load("servers", settings.program.name))

        def command(port: int) -> "Command":
            return module.command(settings.program, Served(folder, port, self.how.device))

        with started(command, folder.parent, self.paths.server_log, settings.ready_within) as server:
            facts = {"program": settings.program.name, "version": self._version(module, server)}
            yield Serving(server, server.root + command(0).path, facts)

    def _version(self, module: ServerModule, server: "OwnServer") -> str | None:
        """Return the version of the program; PipelineError if the study states another one."""
        stated, answers = self.settings.program.version, module.version(self.settings.program, server.root)
        if stated is not None and stated != answers:
            what = f"the study states another version of {self.settings.program.name}"
            raise PipelineError(what, where="program.version", value=answers, cure=f"install {stated}, or correct it")
        return answers
