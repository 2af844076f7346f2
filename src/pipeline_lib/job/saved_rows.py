"""The rows that a job has so far, one line each, to resume after an interruption.

Every line has its digest: from the first torn, edited or damaged one on, the rows are dropped, and the job
makes them again. One process at a time writes a file; another one is refused.
"""

import json
import logging
from pathlib import Path
from typing import Any, Callable, Generic, TypeVar

from pipeline_lib.core import locks
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError

R = TypeVar("R")

DIGEST = "digest"

logger = logging.getLogger(__name__)


class SavedRows(Generic[R]):
    """A file of rows; `earlier` has those of an interrupted run, as `read` makes them of a position and a content."""

    def __init__(self, path: Path, read: Callable[[str, dict[str, Any]], R]) -> None:
        self._file = path.open("ab")  # locked until it is closed
        if not locks.try_take(self._file, without_locks="saved rows are not locked"):
            cure = "wait until it ends, or end it"
            raise PipelineError("another process saves its rows in this file", where=path, cure=cure)
        self.earlier: list[R] = []
        whole = 0
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
            try:
                self.earlier.append(read(f"{path}:{number}", _content(line)))
            except (ValueError, RecursionError, PipelineError):
                logger.warning("%s:%d is torn or damaged; it and what follows are made again", path, number)
                break
            whole += len(line)
        if self.earlier:
            logger.info("resuming after %d rows", len(self.earlier))
        self._file.truncate(whole)

    def add(self, content: dict[str, Any]) -> None:
        """Save a row."""
        line = json.dumps({**content, DIGEST: _digest(content)}, ensure_ascii=True) + "\n"
        self._file.write(line.encode())
        self._file.flush()

    def close(self) -> None:
        """Let other processes save rows in the file."""
        self._file.close()


def _content(line: bytes) -> dict[str, Any]:
    """Return the content of a line; ValueError where it is not as it was saved."""
    content = json.loads(line) if line.endswith(b"\n") else None
    if not isinstance(content, dict) or content.pop(DIGEST, None) != _digest(content):
        raise ValueError("not as it was saved")
    return content


def _digest(content: dict[str, Any]) -> str:
    return digest_text(json.dumps(content, sort_keys=True))
