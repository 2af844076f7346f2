"""Warm start: a model job on this machine runs in a fork of a process that has already loaded its libraries.

Loading torch and transformers takes four to five CPU-seconds, in a small study more than the work of a job. The job
computes with the same things either way: the server starts with the job's environment and interpreter, loads only
libraries, and runs the script from its first line. Jobs of Slurm and DVC and jobs on GPUs load their own libraries.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Sequence, TextIO

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import canonical_json
from pipeline_lib.job import warm_server
from pipeline_lib.job.warm_server import Request, is_same_user, send
from pipeline_lib.machine.numerics import DeviceSettings
from pipeline_lib.machine.slurm_job import job_number

SERVED = "VLMFLOW_WARM_START"  # process ID of the process whose jobs share a server; changes no result
NEEDED = ("torch", "transformers")  # a job that needs both saves time
LOADED = (  # slow imports of nearly every job with a model
    *("pydantic", "pyarrow.parquet", "PIL.Image", "safetensors.torch", "torch", "transformers.trainer"),
    *("transformers.models.llama.modeling_llama", "transformers.models.llava.modeling_llava"),
)

# Bytes of freed memory that glibc keeps, and its largest block: by default it returns the memory of tensors to the
# system, and each page that it gets back costs a fault.
MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**28), "MALLOC_MMAP_THRESHOLD_": str(2**25)}

logger = logging.getLogger(__name__)


def offer() -> None:
    """Let the jobs of this process share a server with loaded libraries."""
    if hasattr(os, "pidfd_open"):  # Linux only; elsewhere every job loads its own libraries
        os.environ[SERVED] = str(os.getpid())


def is_offered(settings: Settings, libraries: dict[str, Any]) -> bool:
    """Return whether a job with these settings and libraries should try a warm start."""
    on_gpus = isinstance(settings, DeviceSettings) and settings.device == "cuda"
    alone = job_number() is not None or on_gpus
    return SERVED in os.environ and not alone and libraries.keys() >= set(NEEDED)


def start_warm(libraries: dict[str, Any], loaded: Sequence[str] = LOADED) -> int | None:
    """Run this process's command line in a fork of the server and return its exit code, or None without a server."""
    served = os.environ.pop(SERVED)
    environment = dict(os.environ)
    versions = {name: libraries[name] for name in NEEDED}
    name = f"vlmflow-{digest_text(canonical_json([served, sys.executable, versions, environment, loaded]))}"
    connection = _connect(name)
    if connection is None and _serve(name, served, loaded):
        connection = _connect(name)
    worker = None if connection is None else _begin(connection, environment)
    if worker is None:
        logger.warning("no warm start: this job loads its libraries itself")
        return None
    return _wait(*worker)


def _begin(connection: socket.socket, environment: dict[str, str]) -> tuple[int, TextIO] | None:
    """Return the worker's process ID and the stream that reports its exit code; None if the server failed to start."""
    umask = os.umask(0)
    os.umask(umask)
    answers = connection.makefile()
    try:
        send(connection, Request(sys.argv, str(Path.cwd()), environment, umask))
        number = answers.readline()
    except OSError:
        return None
    return (int(number), answers) if number else None


def _serve(name: str, served: str, loaded: Sequence[str]) -> bool:
    """Start a server of this name; return whether one is running."""
    command = [sys.executable, "-P", str(Path(warm_server.__file__)), name, served, *loaded]
    null = subprocess.DEVNULL
    environment = os.environ | MEMORY
    exit_code = subprocess.run(command, stdin=null, stdout=null, stderr=null, env=environment).returncode
    return exit_code in (0, warm_server.EXISTS)


def _connect(name: str) -> socket.socket | None:
    """Return a connection to this user's server of a name, or None."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"\0{name}")
    except OSError:
        connection.close()
        return None
    return connection if is_same_user(connection) else None


def _wait(number: int, answers: TextIO) -> int:
    """Return the worker's exit code; until then, forward the signals of this process to it."""

    def pass_on(signal_number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):  # the worker has ended, and its exit code is on the way
            os.kill(number, signal_number)

    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, pass_on)
    code = answers.readline()
    if not code:  # the server is gone, so the exit code would never arrive
        with suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)
        return 1
    return int(code) if int(code) >= 0 else 128 - int(code)
