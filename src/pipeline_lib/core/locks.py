"""Locks between processes: `flock` on an open file, held until the file is closed or its process ends, even if killed.

Threads that open a file each exclude one another too. A forked process shares the locks of its parent.

On a file system without locks, `flock` raises OSError. So do `take` and `try_take`, unless `without_locks` says what is
then unprotected: this is logged as a warning, and the caller proceeds as if it held the lock.
"""

import fcntl
import logging
from pathlib import Path
from typing import IO, Any

OpenFile = IO[Any] | int  # a file or its descriptor

logger = logging.getLogger(__name__)


def take(file: OpenFile, *, shared: bool = False, without_locks: str | None = None) -> None:
    """Wait for the lock on a file: a shared lock excludes exclusive ones, an exclusive lock excludes all others.

    A lock that this file holds already changes its kind; in between, another process may take it.
    """
    try:
        fcntl.flock(file, _kind(shared))
    except OSError as error:
        _proceed(error, without_locks)


def try_take(file: OpenFile, *, shared: bool = False, without_locks: str | None = None) -> bool:
    """Take the lock on a file as `take` does, but return False at once if another holder excludes it."""
    try:
        fcntl.flock(file, _kind(shared) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        _proceed(error, without_locks)
    return True


def is_held(path: Path) -> bool:
    """Return whether an exclusive lock on a file is held; False if there is no file, or no locks on its file system."""
    try:
        with path.open("r") as file:
            return not try_take(file, shared=True)
    except OSError:
        return False


def _kind(shared: bool) -> int:
    return fcntl.LOCK_SH if shared else fcntl.LOCK_EX


def _proceed(error: OSError, without_locks: str | None) -> None:
    if without_locks is None:
        raise error
    logger.warning("%s: %s", without_locks, error)
