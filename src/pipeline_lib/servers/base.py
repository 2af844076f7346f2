"""The interface of a program that serves a checkpoint.

A module has `Settings`, `command(settings, served)` and `version(settings, root)`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol

import httpx2
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from pipeline_lib.core.means import WithMeans
from pipeline_lib.core.secrets import SECRET, holds_secret, names_secret
from pipeline_lib.endpoints.own_server import Command

LONGEST = 200  # characters of a version
MODEL = "model"  # the name of the folder to serve, below the one where the server starts, and of the model


def _without_keys(arguments: list[str]) -> list[str]:
    """Return arguments as they are; one that holds a key, which records and logs would show, is a validation error."""
    for argument in arguments:
        option, _, _ = argument.partition("=")
        if (option.startswith("-") and names_secret(option.lstrip("-"))) or holds_secret(argument):
            what = "an argument would hold a key, which records show; a server for this machine alone needs none"
            raise PydanticCustomError(SECRET, what)
    return arguments


Arguments = Annotated[list[str], AfterValidator(_without_keys)]


class ServerSettings(WithMeans):
    """Settings of a program; `name` names its module."""

    name: str = Field(description="the program: a module in pipeline_lib/servers")
    version: str | None = Field(
        default=None, description="the version that must answer; none: any, which the answers state"
    )


@dataclass(frozen=True)
class Served:
    """What is served: a folder in the hub's layout with its template for chats, at a port, on a device."""

    folder: Path
    port: int
    device: Literal["cpu", "cuda"]


class ServerModule(Protocol):
    """The members of a module."""

    def command(self, settings: ServerSettings, served: Served) -> Command:
        """Return how the server is started; PipelineError if the program is not installed."""

    def version(self, settings: ServerSettings, root: str) -> str | None:
        """Return the version of the program that answers at an address, None if it does not say."""


def stated_version(root: str) -> str | None:
    """Return the version that a server states at `/version`, as vLLM does; None if it states none."""
    try:
        with httpx2.Client(trust_env=False, timeout=5) as client:
            body = client.get(f"{root}/version").json()
    except (httpx2.HTTPError, ValueError):
        return None
    version = body.get("version") if isinstance(body, dict) else None
    return version if isinstance(version, str) and len(version) <= LONGEST and version.isprintable() else None
