"""The current files, records and code of the project, compared with the plan and with what the records state."""

from pathlib import Path
from typing import Callable, Collection

from pipeline_lib.core.digests import DigestCache, digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.fetching.look import source_changes, unseen_source
from pipeline_lib.job.code.digest import code_modules
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX, Entry, inline_entries, read_entries, unlisted
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.job.removal import removed_by
from pipeline_lib.job.resume import is_locked
from pipeline_lib.lineage.why import causes_of


class CurrentState:
    """The current state; `deep` hashes every file again, `look` looks at sources of any size."""

    def __init__(self, deep: bool = False, look: bool = False) -> None:
        self._cache = DigestCache()
        self._deep = deep
        self._look = look
        self._digest_of: dict[str, str | None] = {}  # each small file is hashed once

    def record(self, path: str) -> MadeRecord | None:
        """Return a job's record, None where it is absent, empty (the job was killed) or not a record."""
        file = Path(path)
        if not file.is_file() or not file.stat().st_size:
            return None
        try:
            return MadeRecord.read(file)
        except PipelineError:
            return None

    def record_fault(self, path: str, record: MadeRecord | None) -> str | None:
        """Return why a job's record, as read by `record`, cannot be trusted; None where it can, or is absent."""
        if record is None:
            empty = Path(path).is_file() and not Path(path).stat().st_size
            return "the job was killed" if empty else f"{path}: not a record" if Path(path).is_file() else None
        if not record.is_sealed:
            return f"{path}: edited since it was written"
        return None if record.path in (None, path) else f"{path}: it is the record {record.path}"

    def is_running(self, job: PlannedJob) -> bool:
        """Return whether a process is making the outputs of a job, according to the job's lock."""
        return is_locked(job.artefact)

    def absent_outputs(self, job: PlannedJob) -> dict[str, str | None]:
        """Return the absent outputs of a job, each with the command that removed it, or None.

        This includes the files in a manifest of up to INLINE files.
        """
        absent = {path.as_posix(): removed_by(path) for path in job.output_paths if not path.exists()}
        inside = [path for path in _inside(job) if not path.exists() and not path.is_symlink()]
        return absent | {path.as_posix(): None for path in inside}

    def altered_files(self, job: PlannedJob) -> list[str]:
        """Return a line for every file of a manifest of up to INLINE files whose bytes differ from the manifest.

        Reads only files of another size, or newer than the manifest, the last file of a job. Skips links, which belong
        to the source.
        """
        manifest = job.manifest
        files = {path: entry for path, entry in _inside(job).items() if path.is_file() and not path.is_symlink()}
        written = manifest.stat().st_mtime_ns if manifest and files else 0
        stats = {path: path.stat() for path in files}
        doubtful = [
            path for path, stat in stats.items() if stat.st_size != files[path].size or stat.st_mtime_ns > written
        ]
        digests = zip(doubtful, self._digests(doubtful), strict=True)
        return [f"{path}: altered since" for path, digest in digests if digest != files[path].sha256]

    def digest(self, path: str) -> str | None:
        """Return the sha256 of a file, None where it is absent."""
        if path not in self._digest_of:
            self._digest_of[path] = self._digests([Path(path)])[0] if Path(path).is_file() else None
        return self._digest_of[path]

    def modules(self, job: PlannedJob) -> dict[str, str]:
        """Return the digests of the code that a job would run, by module."""
        return code_modules(Path("workflow_scripts") / f"{job.rule}.py", *job.plugins)

    def causes(self, job: PlannedJob, record: MadeRecord | None) -> list[str]:
        """Return what makes a job stale: all differences from its record, including those of its sources."""
        causes = list(causes_of(job, record, self._digest_or_recorded(record), self.modules))
        if record is None or not record.succeeded:
            return causes
        altered = [
            f"{path}: altered since"
            for path, digest in record.outputs.items()
            if self.digest(path) not in (None, digest)
        ]
        return [*self.source_changes(job, record), *causes, *altered]

    def source_changes(self, job: PlannedJob, record: MadeRecord) -> list[str]:
        """Return a line for every change of a fetch job's source since it was fetched."""
        return source_changes(job, record, self._cache, self._look) if job.rule == "fetch" else []

    def unseen_source(self, job: PlannedJob, record: MadeRecord) -> str | None:
        """Return why the source of a fetch job was not looked at, None where it was or need not be."""
        return unseen_source(job, record, self._look) if job.rule == "fetch" else None

    def _digest_or_recorded(self, record: MadeRecord | None) -> Callable[[str], str | None]:
        """Return a function from path to digest; the recorded digest if a file is absent on purpose."""

        def digest(path: str) -> str | None:
            if record is not None and removed_by(Path(path)) is not None:
                return record.inputs.get(path)
            return self.digest(path)

        return digest

    def faults(self, record: MadeRecord, excused: Collection[str] = ()) -> list[str]:
        """Return a line for every recorded output that is missing or altered, or that holds unlisted files.

        Outputs in `excused`, and those that are absent on purpose, may be missing as a whole.
        """
        faults = []
        for path, digest in record.outputs.items():
            now = self.digest(path)
            if now is None:
                faults += [] if removed_by(Path(path)) else [f"{path}: missing"]
            elif now != digest:
                faults.append(f"{path}: altered since")
            elif path.endswith(SUFFIX):
                faults += self.manifest_faults(Path(path), excused)
        return faults

    def manifest_faults(self, manifest: Path, excused: Collection[str] = ()) -> list[str]:
        """Return a line for every altered, missing or unlisted file of a manifest; see `faults`."""
        folder = manifest.parent / manifest.name.removesuffix(SUFFIX)
        try:
            entries = read_entries(manifest)
        except PipelineError as error:  # the listing of a large folder is inside the folder
            if folder.is_dir():
                return [f"{manifest}: {str(error).splitlines()[0]}"]
            return [] if folder.as_posix() in excused or removed_by(folder) else [f"{folder}: missing"]
        listed = {manifest.parent / entry.path: entry.sha256 for entry in entries}
        absent = sorted({top for path in listed if not (top := _top(path, manifest)).exists()})
        listed = {path: sha256 for path, sha256 in listed.items() if _top(path, manifest) not in absent}
        present = [path for path in listed if path.is_file()]
        digests = dict(zip(present, self._digests(present), strict=True))
        faults = [f"{path}: missing" for path in absent if path.as_posix() not in excused and not removed_by(path)]
        faults += [
            f"{path}: {'altered since' if path in digests else 'missing'}"
            for path, sha256 in listed.items()
            if digests.get(path) != sha256
        ]
        unexpected = unlisted(folder, entries) if folder.is_dir() else []
        return faults + [f"{path}: not in the manifest" for path in unexpected]

    def _digests(self, paths: list[Path]) -> list[str]:
        return [digest_file(path) for path in paths] if self._deep else self._cache.digests(paths)


def _inside(job: PlannedJob) -> dict[Path, Entry]:
    """Return the files that a job's manifest lists inline and whose output exists; `check` reads the larger manifests.

    A broken manifest has none: it is not the recorded one.
    """
    manifest = job.manifest
    if manifest is None or not manifest.is_file():
        return {}
    try:
        entries = inline_entries(manifest)
    except PipelineError:
        return {}
    tops = {path for path in job.output_paths if path.exists()}
    files = {manifest.parent / entry.path: entry for entry in entries}
    return {path: entry for path, entry in files.items() if _top(path, manifest) in tops}


def _top(path: Path, manifest: Path) -> Path:
    """Return the file or folder beside the manifest that `path` is or is in."""
    return manifest.parent / path.relative_to(manifest.parent).parts[0]
