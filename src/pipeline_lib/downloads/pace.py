"""Stops a download that is too long, too slow or too large; the received bytes are kept."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.site import download_limits

GIGABYTE = 1e9


class UnreachableError(PipelineError):
    """A file that could not be fetched: `reason` says why in a few words, the same for the same cause."""

    def __init__(self, name: str, reason: str, cure: str = "") -> None:
        super().__init__(f"could not be fetched: {reason}", where=name, cure=cure)
        self.reason = reason


@dataclass(frozen=True)
class RetryPolicy:
    """Retry policy and limits of a download; times in seconds."""

    attempts: int = 6  # in a row without a further byte
    first_wait: float = 1.0  # doubled from attempt to attempt
    longest_wait: float = 60.0
    longest_retry_after: float = 600.0  # a longer Retry-After ends the download
    slowest: float = 1000.0  # bytes a second, measured over `window`
    window: float = 60.0
    longest: float = 604_800.0  # for one file, without the waits
    largest: float = 1e12  # bytes of one file


def site_retry_policy(attempts: int = RetryPolicy.attempts) -> RetryPolicy:
    """Return the retry policy of this machine; see `site.Downloads`."""
    limits = download_limits()
    return RetryPolicy(
        attempts=attempts,
        slowest=limits.slowest,
        longest=limits.hours * 3600,
        largest=limits.gigabytes * GIGABYTE,
    )


class Pace:
    """Watches one download over all its attempts; the waits between them do not count."""

    def __init__(self, policy: RetryPolicy, name: str) -> None:
        self._policy = policy
        self._name = name
        self._limit = policy.largest
        self._before = 0.0  # seconds of earlier attempts
        self._began = time.monotonic()  # this attempt
        self._window = 0.0  # when the present window began; `_size` is the size then
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
        """Note that a body follows `size` bytes; `announced` is the whole file's size, `room` the free disk space."""
        self._size = size if self._size is None else min(self._size, size)
        self._limit = min(self._policy.largest, room)
        if announced is not None and announced > self._limit:
            raise self._too_large(announced)

    def note(self, size: int) -> None:
        """Note that `size` bytes have arrived; a download beyond a limit raises PipelineError."""
        if size > self._limit:
            raise self._too_large(size)
        seconds = self._seconds()
        passed = seconds - self._window
        if passed < self._policy.window:
            return
        if size - (self._size or 0) < self._policy.slowest * passed:
            reason = f"slower than {self._policy.slowest:.0f} bytes a second"
            raise UnreachableError(self._name, reason, "run the same command again later: the download resumes")
        if seconds > self._policy.longest:
            raise UnreachableError(self._name, f"not complete after {self._policy.longest / 3600:.0f} hours", _LIMITS)
        self._window, self._size = seconds, size

    def _seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    def _too_large(self, size: int) -> PipelineError:
        if self._limit < self._policy.largest:
            return PipelineError(
                "not enough disk space for this download", where=self._name, value=f"{size} bytes or more",
                cure="free disk space and run the same command again: the download resumes",
            )  # fmt: skip
        return UnreachableError(self._name, f"larger than {self._policy.largest / GIGABYTE:.0f} GB", _LIMITS)


_LIMITS = "if this is expected, raise the limit under `downloads` in site.yaml"
