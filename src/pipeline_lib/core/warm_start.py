"""A model job's start on this machine: handed to a process that has loaded the libraries already, if one can be had.

Loading torch and transformers takes four to five CPU-seconds, in a small study more than the work of a job. What a job
computes with is the same either way: the serving process has this one's environment and interpreter from its start,
holds libraries alone, and runs the script from its first line. Jobs of Slurm and DVC, and those on GPUs, start alone.
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

from pipeline_lib.core import warm_server
from pipeline_lib.core.allocation import job_number
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.text import canonical_json
from pipeline_lib.core.warm_server import Request, is_ours, send

SERVED = "VLMFLOW_WARM_START"  # the process whose jobs share one; it changes no result
NEEDED = ("torch", "transformers")  # a job that needs both gains by it
LOADED = (  # what takes seconds to load, in nearly every job with a model
    *("pydantic", "pyarrow.parquet", "PIL.Image", "safetensors.torch", "torch", "transformers.trainer"),
    *("transformers.models.llama.modeling_llama", "transformers.models.llava.modeling_llava"),
)

logger = logging.getLogger(__name__)


def offer() -> None:
    """Let the jobs that this process starts share a process with loaded libraries."""
    if hasattr(os, "pidfd_open"):  # Linux; elsewhere every job starts alone
        os.environ[SERVED] = str(os.getpid())


def is_offered(settings: Any, libraries: dict[str, Any]) -> bool:
    """Return whether a job with these settings and libraries is to ask for a warm start."""
    alone = job_number() is not None or getattr(settings, "device", "cpu") != "cpu"
    return SERVED in os.environ and not alone and libraries.keys() >= set(NEEDED)


def start_warm(libraries: dict[str, Any], loaded: Sequence[str] = LOADED) -> int | None:
    """Run this process's command line in a warm process, and return its exit code; None where there is none."""
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
    """Return the process that works for this one, and what tells its end; None where libraries could not be loaded."""
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
    """Return whether a process of this name serves from now on, or did so before."""
    command = [sys.executable, "-P", str(Path(warm_server.__file__)), name, served, *loaded]
    nowhere = subprocess.DEVNULL
    exit_code = subprocess.run(command, stdin=nowhere, stdout=nowhere, stderr=nowhere).returncode
    return exit_code in (0, warm_server.EXISTS)


def _connect(name: str) -> socket.socket | None:
    """Return a connection to the process of a name, None where there is none of this person's."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"\0{name}")
    except OSError:
        connection.close()
        return None
    return connection if is_ours(connection) else None


def _wait(number: int, answers: TextIO) -> int:
    """Return the exit code of the process that works for this one, which passes on the signals that it gets."""

    def pass_on(signal_number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):  # it has ended, and how is on its way
            os.kill(number, signal_number)

    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, pass_on)
    code = answers.readline()
    if not code:  # the serving process is gone, and with it whoever could tell how the job ends
        with suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)
        return 1
    return int(code) if int(code) >= 0 else 128 - int(code)
