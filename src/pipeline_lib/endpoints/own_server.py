"""A server that this job starts on a free port of this machine, waits for, and ends with itself."""

import logging
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

import httpx2

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.bound_program import BoundProgram

HOST = "127.0.0.1"
LOOK_SECONDS = 0.25
END_SECONDS = 2.0  # until the end of a server is seen
SHOWN_LINES = 15  # of a server's log, in an error

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Command:
    """How a server is started, the path of its interface, and a path that answers 200 when it is ready."""

    arguments: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    path: str = "/v1"
    health: str = "/health"


@dataclass(frozen=True)
class OwnServer:
    """A running server: its address without a path, and its program."""

    root: str
    log: Path
    program: BoundProgram

    def expect_running(self, cause: PipelineError | None = None) -> None:
        """Raise PipelineError with the last lines of its log if the server has ended, or is about to for a `cause`."""
        code = self.program.exit_code(0 if cause is None else END_SECONDS)
        if code is not None:
            raise self.error(f"the server ended with code {code}") from cause

    def error(self, what: str) -> PipelineError:
        """Return an error that shows the last lines of the server's log."""
        lines = "".join(f"\n    {line}" for line in self.program.last_lines(SHOWN_LINES))
        return PipelineError(f"{what}; its last lines:{lines}", where=self.log, cure="correct what they say")


@contextmanager
def started(command: Callable[[int], Command], folder: Path, log: Path, seconds: float) -> Iterator[OwnServer]:
    """Yield a server that is ready; `command` returns how it is started at a port, `folder` is where.

    PipelineError if it ends before it is ready, or is not ready after so many seconds.
    """
    port = _free_port()
    start = command(port)
    logger.info("starting a server at port %d: %s; its log: %s", port, " ".join(start.arguments), log)
    with BoundProgram(start.arguments, start.variables, folder, log) as program:
        server = OwnServer(f"http://{HOST}:{port}", log, program)
        began = time.monotonic()
        with httpx2.Client(trust_env=False, timeout=5) as client:
            while not _is_ready(client, server.root + start.health):
                server.expect_running()
                if time.monotonic() - began > seconds:
                    raise server.error(f"the server was not ready after {seconds:g} seconds")
                time.sleep(LOOK_SECONDS)
        logger.info("the server is ready after %.0f seconds", time.monotonic() - began)
        yield server


def _is_ready(client: httpx2.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == 200
    except httpx2.HTTPError:
        return False


def _free_port() -> int:
    """Return a port that is free now; the system gives no other process the same one soon."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])
