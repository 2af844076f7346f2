"""Limits the concurrent requests to one host, over all processes of the project."""

import re
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO, Iterator
from urllib.parse import urlsplit

from pipeline_lib.core import locks

AT_ONCE = 8
PAUSE = 0.05  # seconds between two attempts to take a slot


@contextmanager
def slot_at(url: str, folder: Path, stopping: Event) -> Iterator[None]:
    """Hold one of the `AT_ONCE` slots of the host of `url`; wait while all are taken.

    A slot is a locked file in `folder`; the lock ends with its process, even a killed one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    host = re.sub(r"[^\w.-]", "_", urlsplit(url).netloc)[:200]
    while (slot := _free_slot(folder, host)) is None:
        if stopping.wait(PAUSE):
            raise InterruptedError("stopped while waiting for a slot")
    with slot:
        yield


def _free_slot(folder: Path, host: str) -> IO[bytes] | None:
    for number in range(AT_ONCE):
        file = (folder / f"{host}.{number}").open("ab")
        if locks.try_take(file, without_locks="the requests to this host are not limited"):
            return file
        file.close()
    return None
