"""The saved state from which an interrupted job resumes, and the lock on its outputs.

The key of a state covers everything that determines the outputs; a state of other settings, code or inputs is deleted.
"""

import logging
import os
from pathlib import Path
from typing import Any

from pipeline_lib.core import locks
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.files import remove
from pipeline_lib.core.text import canonical_json

FOLDER = Path(".vlmflow/state")
LOCKS = Path(".vlmflow/locks")

logger = logging.getLogger(__name__)


def outputs_name(outputs: dict[str, Path]) -> str:
    """Return a short name for a set of outputs, equal in every working directory."""
    return digest_text(canonical_json({name: path.as_posix() for name, path in outputs.items()}))[:24]


class ResumeState:
    """The saved state of the job that makes `outputs` under `key`."""

    def __init__(self, outputs: dict[str, Path], key: str, root: Path = FOLDER) -> None:
        self._root = root / outputs_name(outputs)
        self._folder = self._root / key[:24]

    def folder(self) -> Path:
        """Return the job's state folder, with what an interrupted job of the same key saved there."""
        for other in self._root.glob("*"):
            if other != self._folder:
                remove(other)
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def clear(self) -> None:
        """Delete the saved state: the job has succeeded, or must not resume."""
        remove(self._root)


class OutputLock:
    """An exclusive lock on some outputs, held until the process ends.

    A job may outlive the Snakemake process that started it. On a file system without locks, nothing is locked.
    """

    def __init__(self, outputs: dict[str, Path], root: Path = LOCKS) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.path = _lock_path(outputs, root)
        self._file: Any = None

    def take(self) -> None:
        """Wait until no other process makes the outputs, then lock them."""
        self._file = self.path.open("a+")
        if not locks.try_take(self._file, without_locks="outputs are not locked"):
            self._file.seek(0)
            logger.warning("waiting for process %s, which makes the same outputs", self._file.read().strip() or "?")
            locks.take(self._file)
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let other processes make the outputs."""
        self._file.close()


def is_locked(outputs: dict[str, Path], root: Path = LOCKS) -> bool:
    """Return whether a process is making `outputs`; False on a file system without locks."""
    return locks.is_held(_lock_path(outputs, root))


def any_locked(root: Path = LOCKS) -> bool:
    """Return whether a process is making outputs of any job; see `is_locked`."""
    return any(locks.is_held(path) for path in root.glob("*.lock"))


def _lock_path(outputs: dict[str, Path], root: Path) -> Path:
    return root / f"{outputs_name(outputs)}.lock"
