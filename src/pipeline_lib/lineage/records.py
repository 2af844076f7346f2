"""The records of a project, by the outputs of their jobs."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX


@dataclass(frozen=True)
class Made:
    """A file with the record of the job that made it."""

    path: str
    record: MadeRecord
    record_path: Path
    altered: str | None  # how the file differs from its record, None where it does not


def record_paths(root: Path) -> list[Path]:
    """Return the files of all records below a project's folder, sorted within each folder of records."""
    folders = sorted([root / "data" / "records", *(root / "results").glob("**/records")])
    return [path for folder in folders for path in sorted(folder.rglob("*.json"))]


class Records:
    """All records below data/records and results/**/records."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._cache: DigestCache | None = None  # opened at need: another clone may be read-only
        self.broken: list[str] = []  # a line for every file that is no record
        self._all: list[tuple[Path, MadeRecord]] = []
        self._by_output: dict[str, tuple[Path, MadeRecord]] = {}
        for path in record_paths(root):
            if path.stat().st_size:  # an empty record: the job was killed
                try:
                    record = MadeRecord.read(path)
                except PipelineError as error:
                    self.broken.append(f"{path}: not a record: {str(error).splitlines()[0]}")
                    continue
                self._all.append((path, record))
                self._by_output.update(dict.fromkeys(record.outputs, (path, record)))

    def made(self, path: Path) -> Made:
        """Return a file with its record; an artefact may stand for the manifest that lists it."""
        name = path.as_posix()
        known = name if name in self._by_output else name.rstrip("/") + SUFFIX
        if known not in self._by_output:
            known = path.with_suffix("").as_posix() + SUFFIX
        if known not in self._by_output:
            raise self._unrecorded(path)
        record_path, record = self._by_output[known]
        return Made(known, record, record_path, self._difference(known, record.outputs[known]))

    def _unrecorded(self, path: Path) -> PipelineError:
        name = path.as_posix()
        example = "name a file of results/ or data/ that a stage made, such as results/STUDY/pope_score.json"
        exists = (self._root / path).exists()
        what = "no record says how this file was made" if exists else "no such file, and no record of one"
        return PipelineError(what, where=name, cure=suggest(name, self._by_output, example))

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self._root

    def find(self, name: str) -> MadeRecord | None:
        """Return the record of the job that made an output, None where there is none."""
        entry = self._by_output.get(name)
        return entry[1] if entry else None

    def all(self) -> list[tuple[Path, MadeRecord]]:
        """Return every record with its path, sorted by path."""
        return self._all

    def _difference(self, name: str, recorded: str) -> str | None:
        path = self._root / name
        if not path.is_file():
            return "missing"
        if self._cache is None:
            self._cache = DigestCache(self._root / ".vlmflow" / "digests")
        (digest,) = self._cache.digests([path])
        return None if digest == recorded else "altered since"
