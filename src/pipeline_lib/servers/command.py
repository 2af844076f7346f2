"""Program `command`: a command line of your own that serves the folder `{model}` at `{port}`, such as OVMS."""

import shutil
from typing import Literal

from pydantic import Field, field_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.own_server import Command
from pipeline_lib.servers.base import Arguments, Served, ServerSettings, stated_version

PORT, FOLDER = "{port}", "{model}"


class Settings(ServerSettings):
    """The command line, and the paths of its interface."""

    name: Literal["command"]
    command: Arguments = Field(
        min_length=1,
        description="the program and its arguments, in which `{port}` and `{model}`, the folder of the checkpoint, "
        "are replaced; it must serve at 127.0.0.1",
    )
    path: str = Field(default="/v1", pattern=r"^/\S*$", description="the path of its interface, such as `/v3` of OVMS")
    health: str | None = Field(
        default=None,
        pattern=r"^/\S*$",
        description="a path that answers 200 when it is ready; none: `models` of `path`",
    )

    @field_validator("command")
    @classmethod
    def _takes_a_port(cls, command: list[str]) -> list[str]:
        if not any(PORT in part for part in command):
            raise ValueError("an argument must have `{port}`: the workflow chooses a free one")
        return command


def command(settings: Settings, served: Served) -> Command:
    """Return the command line; PipelineError if its program is not on this machine."""
    arguments = [part.replace(PORT, str(served.port)).replace(FOLDER, str(served.folder)) for part in settings.command]
    if shutil.which(arguments[0]) is None:
        raise PipelineError("no such program on this machine", value=arguments[0], cure="correct `program.command`")
    path = settings.path.rstrip("/")
    return Command(arguments, path=path, health=settings.health or f"{path}/models")


def version(settings: Settings, root: str) -> str | None:
    """Return the version that the server states, if it does as vLLM."""
    return stated_version(root)
