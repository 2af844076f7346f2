"""Program `vllm`: `vllm serve`, where it is installed; it cannot live in this project's environment.

Without `executable`, the first `vllm` of PATH is started.
"""

import shutil
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.own_server import HOST, Command
from pipeline_lib.servers.base import MODEL, Arguments, Served, ServerSettings, stated_version

TEMPLATE = "chat_template.jinja"


class Settings(ServerSettings):
    """How vLLM loads the model, and what it takes of this machine."""

    name: Literal["vllm"]
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="the type of the model's numbers"
    )
    options: Arguments = Field(
        default=[], description="further options of `vllm serve`, such as `[--max-model-len, '4096']`"
    )
    executable: str | None = Field(default=None, exclude=True, description="its path; none: `vllm` of PATH")
    kvcache_gb: int | None = Field(
        default=None, gt=0, exclude=True, description="GB for keys and values on processors: VLLM_CPU_KVCACHE_SPACE"
    )
    threads_bind: str | None = Field(
        default=None,
        exclude=True,
        description="the cores of its threads on processors, such as `0-55` or `nobind`: VLLM_CPU_OMP_THREADS_BIND",
    )

    def means(self) -> dict[str, Any]:
        """Return where it is, and what it takes of this machine."""
        return {"executable": self.executable, "kvcache_gb": self.kvcache_gb, "threads_bind": self.threads_bind}


def command(settings: Settings, served: Served) -> Command:
    """Return how it is started; PipelineError where it is not installed."""
    program = shutil.which(settings.executable or "vllm")
    if program is None:
        cure = "install it in an environment of its own, and name it: program: {name: vllm, executable: PATH}"
        raise PipelineError("vLLM is not installed here", value=settings.executable or "vllm", cure=cure)
    variables = {
        "VLLM_CPU_KVCACHE_SPACE": settings.kvcache_gb,
        "VLLM_CPU_OMP_THREADS_BIND": settings.threads_bind,
        "HF_HUB_OFFLINE": 1,
    }
    arguments = [str(Path(program).absolute()), "serve", MODEL, "--served-model-name", MODEL]
    arguments += ["--chat-template", f"{MODEL}/{TEMPLATE}", "--host", HOST, "--port", str(served.port)]
    arguments += ["--dtype", settings.dtype, "--seed", "0", *settings.options]
    return Command(arguments, {name: str(value) for name, value in variables.items() if value is not None})


def version(settings: Settings, root: str) -> str | None:
    """Return the version that the server states."""
    return stated_version(root)
