"""What is absent on purpose: removed by `vlmflow clean`, or never part of a clone; one small file an output.

Nothing is made for the sake of such an output until a job that must run reads it.
"""

from datetime import UTC, datetime
from pathlib import Path

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json, read_object

FOLDER = Path(".vlmflow/removed")
CLEAN, RESTORE = "clean", "restore"  # who accounts for the absence


def note_removal(output: Path, by: str, folder: Path = FOLDER) -> None:
    """Record that an output is absent on purpose, since when and by which command."""
    content = {"path": output.as_posix(), "by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    write_text(_note(output, folder), pretty_json(content))


def removed_by(output: Path, folder: Path = FOLDER) -> str | None:
    """Return the command that accounts for an absent output; None where the output exists or nothing accounts."""
    note = _note(output, folder)
    if not note.is_file() or output.exists():
        return None
    try:
        return field(read_object(note), "by", str, note)
    except PipelineError:  # a broken note accounts for nothing
        return None


def forget_removal(output: Path, folder: Path = FOLDER) -> None:
    """Drop the note about an output, which exists again."""
    _note(output, folder).unlink(missing_ok=True)


def _note(output: Path, folder: Path) -> Path:
    return folder / f"{digest_text(output.as_posix())[:24]}.json"
