"""The verdict of one verification, and its line beside the record: results/records/STAGE/NAME.verified.jsonl."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import canonical_json, read_lines
from pipeline_lib.lineage.public import public

SUFFIX = ".verified.jsonl"


class Grade(StrEnum):
    """How the bytes of a second execution compare with the recorded ones, from best to worst."""

    IDENTICAL = "byte-identical"
    EQUAL = "numerically equal"
    METRIC = "same metric"
    DIFFERENT = "different"
    IMPOSSIBLE = "not re-executed"

    @property
    def holds(self) -> bool:
        """Return whether the number that stands on the job is confirmed."""
        return self in (Grade.IDENTICAL, Grade.EQUAL, Grade.METRIC)


@dataclass(frozen=True)
class FileDifference:
    """An output file with other bytes; `distance` is None where more than numbers differs, or none can be measured."""

    path: str
    distance: float | None
    text: str


@dataclass(frozen=True)
class Hazard:
    """What was not as in the record when the job ran again: its kind (library, device, threads, code, …) and values."""

    kind: str
    text: str


@dataclass(frozen=True)
class Verification:
    """The verdict on one job; `key` is a digest of the record, the code, the machine and the tolerance.

    `distance` is the largest one of the differing files, a share; None where none could be measured. `earlier` is
    whether the verdict was read back instead of made.
    """

    job: str
    record: str
    grade: Grade
    text: str
    distance: float | None
    tolerance: float
    differences: list[FileDifference]
    hazards: list[Hazard]
    code: str
    seconds: float
    at: str
    key: str
    earlier: bool = False


def path_beside(record: Path) -> Path:
    """Return the file of the verdicts on a record."""
    return record.with_suffix(SUFFIX)


def store(record: Path, verification: Verification) -> None:
    """Append a verdict to the file beside a record; it has no host and no absolute path."""
    path = path_beside(record)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    content = {name: value for name, value in asdict(verification).items() if name != "earlier"}
    write_text(path, before + canonical_json(public(content) | {"key": verification.key}) + "\n")


def recall(record: Path, key: str) -> Verification | None:
    """Return the last verdict under a key, None without one; an unreadable file counts as none."""
    path = path_beside(record)
    try:
        rows = [row for row in read_lines(path) if row.get("key") == key] if path.is_file() else []
        return _read(rows[-1]) if rows else None
    except (PipelineError, TypeError, ValueError):  # of another version, or edited: it is made again
        return None


def _read(row: dict[str, Any]) -> Verification:
    differences = [FileDifference(**each) for each in row["differences"]]
    hazards = [Hazard(**each) for each in row["hazards"]]
    others = {**row, "grade": Grade(row["grade"]), "differences": differences, "hazards": hazards}
    return Verification(**others, earlier=True)
