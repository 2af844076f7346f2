"""The files of an artefact as an export lists them, with digests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX, Manifest, inline_entries
from pipeline_lib.lineage.records import Made


@dataclass(frozen=True)
class ListedFile:
    """A file of the project, relative to its folder, with its size in bytes (None if it is absent) and sha256."""

    path: str
    size: int | None
    sha256: str


def recorded_files(root: Path, output: str, digest: str) -> list[ListedFile]:
    """Return an output of a record and the files that its manifest lists inline; larger lists are in the artefact."""
    path = root / output
    size = path.stat().st_size if path.is_file() else None
    files = [ListedFile(output, size, digest)]
    if output.endswith(SUFFIX) and size is not None:
        folder = Path(output).parent
        entries = inline_entries(path)
        files += [ListedFile((folder / entry.path).as_posix(), entry.size, entry.sha256) for entry in entries]
    return files


def verified_files(made: Made) -> list[ListedFile]:
    """Return the files of an artefact after reading each; a missing or altered one raises PipelineError."""
    if made.altered:
        what, cure = "this differs from its record, so nothing is stated of it", "vlmflow check names all that differs"
        raise PipelineError(what, where=made.path, value=made.altered, cure=cure)
    path = Path(made.path)
    if not made.path.endswith(SUFFIX):
        return [ListedFile(made.path, path.stat().st_size, made.record.outputs[made.path])]
    manifest = Manifest(path, DigestCache())
    files = zip(manifest.files(), manifest.entries, strict=True)
    return [ListedFile(file.as_posix(), entry.size, entry.sha256) for file, entry in files]


def ended(record: MadeRecord) -> str:
    """Return when the job that made the bytes ended, in ISO 8601 and whole seconds."""
    started = datetime.fromisoformat(record.making["started"])
    return (started + timedelta(seconds=record.making_seconds)).isoformat(timespec="seconds")
