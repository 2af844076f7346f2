"""Program `transformers`: `transformers serve` of this environment, which answers one request at a time.

It needs fastapi, uvicorn and python-multipart: requirements.serve.lock.
"""

import sys
from importlib.metadata import version as installed
from importlib.util import find_spec
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.own_server import HOST, Command
from pipeline_lib.servers.base import MODEL, Arguments, Served, ServerSettings

NEEDED = ("fastapi", "uvicorn", "multipart")
CURE = "pip install --require-hashes --no-deps -r requirements.serve.lock, in the environment of this project"


class Settings(ServerSettings):
    """How the model is loaded."""

    name: Literal["transformers"]
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="the type of the model's numbers"
    )
    options: Arguments = Field(default=[], description="further options of `transformers serve`")


def command(settings: Settings, served: Served) -> Command:
    """Return how it is started; PipelineError where its libraries are not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise PipelineError("transformers serve needs further libraries", value=missing, cure=CURE)
    device = "cpu" if served.device == "cpu" else "cuda:0"
    arguments = [sys.executable, "-P", "-m", "transformers.cli.transformers", "serve", MODEL, "--host", HOST]
    arguments += ["--port", str(served.port), "--device", device, "--dtype", settings.dtype, "--default-seed", "0"]
    return Command([*arguments, *settings.options], {"HF_HUB_OFFLINE": "1"})


def version(settings: Settings, root: str) -> str:
    """Return the version of the library."""
    return installed("transformers")
