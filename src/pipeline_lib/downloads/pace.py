"""How long, how slow and how large a download may be; what goes beyond is given up, and what came of it is kept."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.site import download_limits

GIGABYTE = 1e9


class UnreachableError(PipelineError):
    """A file that cannot be had: `reason` says why in a few words, the same for the same cause."""

    def __init__(self, name: str, reason: str, cure: str = "") -> None:
        super().__init__(f"could not be fetched: {reason}", where=name, cure=cure)
        self.reason = reason


@dataclass(frozen=True)
class RetryPolicy:
    """How long a server is borne with; waits are in seconds."""

    attempts: int = 6  # that bring no further byte
    first_wait: float = 1.0  # doubled from attempt to attempt
    longest_wait: float = 60.0
    longest_order: float = 600.0  # what a server may ask for in Retry-After
    slowest: float = 1000.0  # bytes a second, over `window`
    window: float = 60.0
    longest: float = 604_800.0  # of one file, waits left out
    largest: float = 1e12  # bytes of one file


def patience_here(attempts: int = RetryPolicy.attempts) -> RetryPolicy:
    """Return the patience of this machine; see `site.Downloads`."""
    limits = download_limits()
    return RetryPolicy(
        attempts=attempts,
        slowest=limits.slowest,
        longest=limits.hours * 3600,
        largest=limits.gigabytes * GIGABYTE,
    )


class Pace:
    """Watches one download over all attempts at it; waits between them do not count."""

    def __init__(self, patience: RetryPolicy, name: str) -> None:
        self._patience = patience
        self._name = name
        self._limit = patience.largest
        self._before = 0.0  # seconds of earlier attempts
        self._began = time.monotonic()  # this attempt
        self._window = 0.0  # the second at which the present window began, and how much was there then
        self._size: int | None = None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count the time of an attempt."""
        self._began = time.monotonic()
        try:
            yield
        finally:
            self._before = self._seconds()

    def begin(self, size: int, announced: int | None, room: int) -> None:
        """Note that a body follows `size` bytes; `announced` are those of the whole, `room` what the disk can hold."""
        self._size = size if self._size is None else min(self._size, size)
        self._limit = min(self._patience.largest, room)
        if announced is not None and announced > self._limit:
            raise self._too_large(announced)

    def note(self, size: int) -> None:
        """Note that `size` bytes are there now; one that is too slow, too long or too large raises PipelineError."""
        if size > self._limit:
            raise self._too_large(size)
        seconds = self._seconds()
        passed = seconds - self._window
        if passed < self._patience.window:
            return
        if size - (self._size or 0) < self._patience.slowest * passed:
            reason = f"slower than {self._patience.slowest:.0f} bytes a second"
            raise UnreachableError(self._name, reason, "run the same command again later: it goes on from there")
        if seconds > self._patience.longest:
            raise UnreachableError(self._name, f"not complete after {self._patience.longest / 3600:.0f} hours", _LIMITS)
        self._window, self._size = seconds, size

    def _seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    def _too_large(self, size: int) -> PipelineError:
        if self._limit < self._patience.largest:
            return PipelineError(
                "there is no room for this download", where=self._name, value=f"{size} bytes or more",
                cure="make room and run the same command again: it goes on from there",
            )  # fmt: skip
        return UnreachableError(self._name, f"larger than {self._patience.largest / GIGABYTE:.0f} GB", _LIMITS)


_LIMITS = "raise the limit in site.yaml, under `downloads`, if that is as it should be"
