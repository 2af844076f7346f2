"""The project as it is now: the files, the records, the code, held against what is planned and what was made."""

from pathlib import Path
from typing import Any, Collection

from pipeline_lib.core.code import code_modules
from pipeline_lib.core.digests import DigestCache, digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.manifest import SUFFIX, read_entries, unlisted
from pipeline_lib.core.record import read_record
from pipeline_lib.lineage.why import causes_of

Job = dict[str, Any]
Record = dict[str, Any]


class Present:
    """What is there; `deep` reads all bytes anew instead of trusting inode, size and times."""

    def __init__(self, deep: bool = False) -> None:
        self._cache = DigestCache()
        self._deep = deep

    def record(self, path: str) -> Record | None:
        """Return a job's record, None where there is none or the job was killed."""
        file = Path(path)
        if not file.is_file() or not file.stat().st_size:
            return None
        return read_record(file)

    def digest(self, path: str) -> str | None:
        """Return the sha256 of a file, None where it is absent."""
        return self._digests([Path(path)])[0] if Path(path).is_file() else None

    def modules(self, job: Job) -> dict[str, str]:
        """Return the digests of the code that a job would run, by module."""
        return code_modules(Path("workflow_scripts") / f"{job['rule']}.py", *job["code"].split()[1:])

    def causes(self, job: Job) -> list[str]:
        """Return what makes a job stale: everything that differs from its record."""
        return list(causes_of(job, self.record(job["record"]), self.digest, self.modules))

    def faults(self, record: Record, excused: Collection[str] = ()) -> list[str]:
        """Return a line for everything that a record says was made and that is missing, altered or not alone.

        Outputs in `excused` may be absent as a whole.
        """
        found = []
        for path, digest in record["outputs"].items():
            now = self.digest(path)
            if now is None:
                found.append(f"{path}: missing")
            elif now != digest:
                found.append(f"{path}: altered since")
            elif path.endswith(SUFFIX):
                found += self.manifest_faults(Path(path), excused)
        return found

    def manifest_faults(self, manifest: Path, excused: Collection[str] = ()) -> list[str]:
        """Return a line for every file of a manifest that is altered or missing or not listed; see `faults`."""
        folder = manifest.parent / manifest.name.removesuffix(SUFFIX)
        try:
            entries = read_entries(manifest)
        except PipelineError as error:  # the list of a large folder lies in it
            if folder.is_dir():
                return [f"{manifest}: {str(error).splitlines()[0]}"]
            return [] if folder.as_posix() in excused else [f"{folder}: missing"]
        listed = {manifest.parent / entry.path: entry.sha256 for entry in entries}
        absent = sorted({top for path in listed if not (top := _top(path, manifest)).exists()})
        listed = {path: sha256 for path, sha256 in listed.items() if _top(path, manifest) not in absent}
        present = [path for path in listed if path.is_file()]
        digests = dict(zip(present, self._digests(present), strict=True))
        faults = [f"{path}: missing" for path in absent if path.as_posix() not in excused]
        faults += [
            f"{path}: {'altered since' if path in digests else 'missing'}"
            for path, sha256 in listed.items()
            if digests.get(path) != sha256
        ]
        strange = unlisted(folder, entries) if folder.is_dir() else []
        return faults + [f"{path}: not in the manifest" for path in strange]

    def _digests(self, paths: list[Path]) -> list[str]:
        return [digest_file(path) for path in paths] if self._deep else self._cache.digests(paths)


def _top(path: Path, manifest: Path) -> Path:
    """Return the file or folder beside the manifest that `path` is or lies in."""
    return manifest.parent / path.relative_to(manifest.parent).parts[0]
