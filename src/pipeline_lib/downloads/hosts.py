"""Limits the concurrent requests to one host, over all processes of the project, which take turns."""

import re
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import IO, Iterator
from urllib.parse import urlsplit

from pipeline_lib.core import locks

PAUSE = 0.05  # seconds between two attempts to take a slot
TURN = 1.0  # seconds after which a slot goes to whoever waits for one

UNLIMITED = "the requests to this host are not limited"


class Slots:
    """The slots of all hosts: `at_once` of each. A slot stays with its process from request to request.

    A slot is a locked file in `folder`; the lock ends with its process, even a killed one. Whoever waits for a slot
    shares a lock on another file, so that the process that has one gives way at the end of its turn.
    """

    def __init__(self, folder: Path, at_once: int, stopping: Event) -> None:
        self._folder = folder
        self._at_once = at_once
        self._stopping = stopping
        self._idle: dict[str, list[tuple[float, IO[bytes]]]] = defaultdict(list)  # ends of turns, and slots
        self._lock = Lock()

    @contextmanager
    def at(self, url: str) -> Iterator[None]:
        """Hold one of the slots of the host of `url`; wait while all are taken."""
        host = re.sub(r"[^\w.-]", "_", urlsplit(url).netloc)[:200]
        end, slot = self._idle_slot(host) or self._waited_slot(host)
        try:
            yield
        finally:
            self._put_back(host, end, slot)

    def close(self) -> None:
        """Give all idle slots away."""
        with self._lock:
            for _, slot in (pair for pairs in self._idle.values() for pair in pairs):
                slot.close()
            self._idle.clear()

    def _idle_slot(self, host: str) -> tuple[float, IO[bytes]] | None:
        with self._lock:
            return self._idle[host].pop() if self._idle[host] else None

    def _put_back(self, host: str, end: float, slot: IO[bytes]) -> None:
        """Keep a slot for the next request, unless its turn is over and somebody waits."""
        over = time.monotonic() > end
        if self._stopping.is_set() or (over and self._somebody_waits(host)):
            slot.close()
            self._stopping.wait(2 * PAUSE if over else 0)  # until another process has looked
            return
        with self._lock:
            self._idle[host].append((time.monotonic() + TURN if over else end, slot))

    def _waited_slot(self, host: str) -> tuple[float, IO[bytes]]:
        self._folder.mkdir(parents=True, exist_ok=True)
        slot = self._free_slot(host)
        if slot is None:
            with self._waiting(host).open("ab") as mark:
                locks.take(mark, shared=True, without_locks=UNLIMITED)
                while slot is None:
                    if self._stopping.wait(PAUSE):
                        raise InterruptedError("stopped while waiting for a slot")
                    idle = self._idle_slot(host)
                    if idle is not None:
                        return idle
                    slot = self._free_slot(host)
        return time.monotonic() + TURN, slot

    def _free_slot(self, host: str) -> IO[bytes] | None:
        for number in range(self._at_once):
            file = (self._folder / f"{host}.{number}").open("ab")
            if locks.try_take(file, without_locks=UNLIMITED):
                return file
            file.close()
        return None

    def _waiting(self, host: str) -> Path:
        return self._folder / f"{host}.waiting"

    def _somebody_waits(self, host: str) -> bool:
        with self._waiting(host).open("ab") as mark:
            return not locks.try_take(mark, without_locks=UNLIMITED)
