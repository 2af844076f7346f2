"""The progress of a job, read back from the file beside its log: its last run, and the reports that count.

Several runs append to one file. A run that resumes from a state repeats the steps after it, and one that begins again
repeats all: a report replaces the earlier ones of its unit that are as far or farther.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lib.job.progress import BEGIN, END, EVENT, REPORT

Line = dict[str, Any]

START = f'{{"{EVENT}": "{BEGIN}"'.encode()


@dataclass(frozen=True)
class LastRun:
    """The last run of a job: how it began, its last report and how it ended, None where it did not."""

    begin: Line
    report: Line | None
    end: Line | None


def last_run(path: Path) -> LastRun | None:
    """Return the last run in a progress file, None if the file has none."""
    content = path.read_bytes()
    start = content.rfind(START)
    if start < 0:
        return None
    begin, *further = _lines(content[start:]) or [{}]
    newest = {line[EVENT]: line for line in further}
    return LastRun(begin, newest.get(REPORT), newest.get(END)) if begin else None


def reports(path: Path, unit: str) -> list[Line]:
    """Return the reports about a unit in the order of what is done, each amount once; torn lines are left out."""
    current: list[Line] = []
    for line in _lines(path.read_bytes()):
        if line[EVENT] == REPORT and line.get("unit") == unit:
            while current and current[-1]["done"] >= line["done"]:
                current.pop()
            current.append(line)
    return current


def _lines(content: bytes) -> list[Line]:
    parsed = []
    for line in content.splitlines():
        try:
            value = json.loads(line)
        except ValueError:  # torn, or being written
            continue
        if isinstance(value, dict) and EVENT in value:
            parsed.append(value)
    return parsed
