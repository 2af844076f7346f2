"""How far a job is: a line of JSON for each report, in a file beside the job's log, while the job runs.

Code of any stage reports through a logger, so that it needs no path; `configure` of `job/log.py` gives that logger its
file. The file only grows: `job/reports.py` reads what counts of it.
"""

import json
import logging
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Callable

SUFFIX = ".progress.jsonl"
EVENT = "event"  # the first key of every line
BEGIN, END, REPORT = "begin", "end", "report"
SECONDS_BETWEEN_REPORTS = 1.0
SECONDS_BETWEEN_LINES = 60.0  # of the log
SECONDS_OF_A_RATE = 5.0  # the first steps are no measure
WINDOW = 100  # reports over which the rate is measured

logger = logging.getLogger(__name__)
lines = logging.getLogger("pipeline_lib.progress")  # its messages are lines of JSON


def progress_file(log: Path) -> Path:
    """Return the file with the progress of the job that writes this log."""
    return log.with_suffix(SUFFIX)


class ProgressHandler(logging.FileHandler):
    """Appends lines to a file; a line that a killed process left torn is ended first."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, mode="a", encoding="utf-8")
        if self.stream is not None and path.read_bytes()[-1:] not in (b"", b"\n"):
            self.stream.write("\n")


def write_to(log: Path | None) -> None:
    """Write this process's progress beside a log, or nowhere."""
    for handler in [*lines.handlers]:
        lines.removeHandler(handler)
        handler.close()
    lines.addHandler(logging.NullHandler() if log is None else ProgressHandler(progress_file(log)))
    lines.propagate = False
    lines.setLevel(logging.INFO)


def note(event: str, **facts: Any) -> None:
    """Write one line: an event, the time, facts."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    lines.info("%s", json.dumps({EVENT: event, "time": moment, **facts}))


class Progress:
    """The progress of one loop, in some unit: how much of the total is done, and the time left at the recent rate.

    It writes a report a second and the last one, or `every` one. Unless `logs` is False, a line a minute goes to the
    log, the first when there is a rate.
    """

    def __init__(
        self,
        unit: str,
        total: int,
        done: int = 0,
        *,
        every: bool = False,
        logs: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit = unit
        self._total = total
        self._every = every
        self._logs = logs
        self._clock = clock
        self._marks = deque([(clock(), done)], maxlen=WINDOW)
        self._rated_from = clock() + SECONDS_OF_A_RATE
        self._reported = self._logged = float("-inf")

    def at(self, done: int, text: str = "", **facts: Any) -> None:
        """Report that `done` are done, with further facts; `text` follows the count in the log."""
        now, last = self._clock(), done >= self._total
        if not (self._every or last or now - self._reported >= SECONDS_BETWEEN_REPORTS):
            return
        self._reported = now
        self._marks.append((now, done))
        left = self._seconds_left()
        rounded = None if left is None else round(left, 1)
        note(REPORT, unit=self._unit, done=done, total=self._total, seconds_left=rounded, **facts)
        if self._logs and (last or (left is not None and now - self._logged >= SECONDS_BETWEEN_LINES)):
            self._logged = now
            remaining = "" if last or left is None else f", about {duration(left)} left"
            logger.info("%d of %d %s%s%s", done, self._total, self._unit, text, remaining)

    def _seconds_left(self) -> float | None:
        (start, first), (end, done) = self._marks[0], self._marks[-1]
        if done <= first or end < self._rated_from:
            return None
        return (self._total - done) * (end - start) / (done - first)


def duration(seconds: float) -> str:
    """Return a time in the two units that matter: `42 s`, `3 min 05 s`, `2 h 10 min`, `4 d 03 h`."""
    whole = round(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if not minutes:
        return f"{whole} s"
    if not hours:
        return f"{minutes} min {whole % 60:02} s"
    return f"{days} d {hours % 24:02} h" if days else f"{hours} h {minutes % 60:02} min"
