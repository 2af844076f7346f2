"""The verdict on a benchmark's questions; trainings and predictions depend on it."""

from pathlib import Path
from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json

SCHEMA = 1

Verdict = dict[str, Any]


def verdict(faults: list[str]) -> Verdict:
    """Return the verdict: only the faults, so that without faults it does not depend on the gold answers."""
    return {"schema": SCHEMA, "faults": faults}


def join_verdicts(verdicts: list[Path]) -> Verdict:
    """Return the verdict on several benchmarks: all their faults."""
    return verdict([fault for path in verdicts for fault in _faults(path)])


def expect_no_fault(verdicts: list[Path]) -> None:
    """Raise PipelineError with all faults of the verdicts, if there are any."""
    faults = [fault for path in verdicts for fault in _faults(path)]
    if faults:
        number = f"{len(faults)} faults in the questions:\n" if len(faults) > 1 else ""
        raise PipelineError(number + "\n".join(faults))


def _faults(path: Path) -> list[str]:
    faults: list[str] = read_json(path)["faults"]
    return faults
