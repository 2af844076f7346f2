"""How many requests run at once to one host: some, over all processes of the project."""

import fcntl
import logging
import re
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO, Iterator
from urllib.parse import urlsplit

AT_ONCE = 8
PAUSE = 0.05  # seconds between two looks for a free place

logger = logging.getLogger(__name__)


@contextmanager
def place_at(url: str, folder: Path, stopping: Event) -> Iterator[None]:
    """Hold one of the `AT_ONCE` places at the host of `url`; wait for one where all are taken.

    A place is a locked file in `folder`, free again when its process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    host = re.sub(r"[^\w.-]", "_", urlsplit(url).netloc)[:200]
    while (place := _free_place(folder, host)) is None:
        if stopping.wait(PAUSE):
            raise InterruptedError("stopped while waiting for a place")
    with place:
        yield


def _free_place(folder: Path, host: str) -> IO[bytes] | None:
    for number in range(AT_ONCE):
        file = (folder / f"{host}.{number}").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        except OSError as error:
            logger.warning("requests are not counted: %s", error)
        return file
    return None
