"""Notes about outputs that are absent on purpose: removed by `vlmflow clean`, or not part of a clone.

Such an output is not made again until a job that must run reads it. Each has one small file.
"""

from datetime import UTC, datetime
from pathlib import Path

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json, read_object

FOLDER = Path(".vlmflow/removed")
CLEAN, RESTORE = "clean", "restore"  # the commands that remove or omit outputs


def note_removal(output: Path, by: str, folder: Path = FOLDER) -> None:
    """Record which command removed or omitted an output, and when."""
    content = {"path": output.as_posix(), "by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    write_text(_note(output, folder), pretty_json(content))


def removed_by(output: Path, folder: Path = FOLDER) -> str | None:
    """Return the command that removed or omitted an output; None if the output exists or has no note."""
    note = _note(output, folder)
    if not note.is_file() or output.exists():
        return None
    try:
        return field(read_object(note), "by", str, note)
    except PipelineError:  # a broken note counts as no note
        return None


def forget_removal(output: Path, folder: Path = FOLDER) -> None:
    """Delete the note about an output that exists again."""
    _note(output, folder).unlink(missing_ok=True)


def _note(output: Path, folder: Path) -> Path:
    return folder / f"{digest_text(output.as_posix())[:24]}.json"
