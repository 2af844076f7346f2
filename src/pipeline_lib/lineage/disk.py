"""What is on disk: results, data, caches, copies for reuse and states to resume from; and what can go."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator

from pipeline_lib.core.files import files_below
from pipeline_lib.job import resume, reuse
from pipeline_lib.job.manifest import SUFFIX
from pipeline_lib.lineage.ancestors import ancestors, artefact_of
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.verify import workplace

CLEAN = "vlmflow clean"
CACHES: dict[str, tuple[str, str | None]] = {  # what a folder is, and the command that removes it
    reuse.FOLDER.as_posix(): ("copies for reuse, hard links to results", CLEAN),
    resume.FOLDER.as_posix(): ("states of unfinished jobs", f"{CLEAN}: unfinished jobs then begin again"),
    ".vlmflow/unpacked": ("shards of archives that no job has taken", f"{CLEAN}: a shard's job then unpacks again"),
    workplace.FOLDER.as_posix(): ("unfinished verifications", f"{CLEAN}: they then begin again"),
    ".vlmflow/ask": ("questions of a `vlmflow ask` that runs or was killed", CLEAN),
    ".vlmflow/downloads": ("downloads", f"{CLEAN}: a fetch that runs again then downloads again"),
    ".vlmflow": ("other caches of vlmflow", None),
    ".snakemake": ("Snakemake's memory", None),
    ".dvc/cache": ("DVC's cache", "dvc gc: only what no revision that you name uses"),
}
HEAVY = ("weights", "train", "merge")  # stages whose artefacts are listed one by one


@dataclass(frozen=True)
class Use:
    """A folder: files, their bytes, and the bytes that its removal frees: hard links elsewhere hold the others."""

    path: str
    what: str
    files: int
    bytes: int
    frees: int
    removal: str | None


@dataclass(frozen=True)
class Model:
    """A model on disk, and the scores that stand on it; `removal` keeps its record, and so the scores stay valid."""

    path: str
    bytes: int
    scores: list[str]
    removal: str


@dataclass(frozen=True)
class DiskUse:
    """All folders, largest first within results, data and caches; and all models, those without scores first."""

    folders: list[Use]
    models: list[Model]


def disk_use(records: Records) -> DiskUse:
    """Return what a project has on disk; links to files elsewhere count as their own size."""
    root = records.root
    artefacts = [_use(root, path, _what(path.relative_to(root)), None) for path in _folders(root)]
    caches: list[Use] = []
    for name, (what, removal) in CACHES.items():
        others = [root / other for other in CACHES if other != name and other.startswith(f"{name}/")]
        if (root / name).is_dir():
            caches.append(_use(root, root / name, what, removal, others))
    uses = [use for use in sorted(artefacts, key=lambda use: -use.bytes) + caches if use.files]
    return DiskUse(uses, sorted(_models(records), key=lambda model: (len(model.scores), -model.bytes)))


def _folders(root: Path) -> list[Path]:
    """Return the folders of artefacts, those of a study with its own folder of results one by one."""
    top = [path for name in ("results", "data") for path in sorted((root / name).glob("*/"))]
    studies = {path.parent for path in (root / "results").glob("*/records")}
    return [inner for path in top for inner in (sorted(path.glob("*/")) if path in studies else [path])]


def _what(path: Path) -> str:
    """Return what a folder of artefacts has: its name, and whose it is."""
    if path.parts[0] == "data":
        return f"{path.name}, of all studies"
    return f"{path.name}, of the study {path.parts[1]}" if len(path.parts) > 2 else path.name


def _use(root: Path, folder: Path, what: str, removal: str | None, without: Iterable[Path] = ()) -> Use:
    """Return the use of a folder, without some folders in it; a file with several names counts once."""
    links: dict[tuple[int, int], list[int]] = {}  # by device and inode: size, links, names here
    for path in _files(folder, list(without)):
        stat = path.lstat()
        links.setdefault((stat.st_dev, stat.st_ino), [stat.st_size, stat.st_nlink, 0])[2] += 1
    freed = sum(size for size, names, here in links.values() if names <= here)
    size = sum(size for size, _, _ in links.values())
    return Use(folder.relative_to(root).as_posix(), what, len(links), size, freed, removal)


def _files(folder: Path, without: list[Path]) -> Iterator[Path]:
    return (path for path in files_below(folder) if not any(path.is_relative_to(other) for other in without))


def scores_by_output(records: Records) -> dict[str, list[str]]:
    """Return the scores that stand on every output."""
    scores: dict[str, list[str]] = {}
    for _, record in records.all():
        if record.stage == "score":
            score = next(iter(record.outputs))
            for above in ancestors(records, [score]):
                for name in above.outputs:
                    scores.setdefault(name, []).append(score)
    return scores


def _models(records: Records) -> Iterator[Model]:
    """Yield the models that are on disk."""
    scores = scores_by_output(records)
    for _, record in records.all():
        for name in record.outputs if record.stage in HEAVY else ():
            folder = records.root / artefact_of(name)
            if name.endswith(SUFFIX) and folder.is_dir():
                size = sum(path.lstat().st_size for path in files_below(folder))
                yield Model(artefact_of(name), size, scores.get(name, []), f"{CLEAN} {artefact_of(name)}")
