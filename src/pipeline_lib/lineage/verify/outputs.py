"""The outputs of two executions of a job compared: digests, then numbers, then metrics."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX, read_entries
from pipeline_lib.lineage.verify.distance import distance, file_distance
from pipeline_lib.lineage.verify.verification import FileDifference, Grade

ABSENT = "the recorded file is not here, or not as recorded, so only digests are compared"


@dataclass(frozen=True)
class Compared:
    """The grade of the outputs, the files that differ, and the largest distance, None where one has none."""

    grade: Grade
    differences: list[FileDifference]
    distance: float | None


def compare_outputs(recorded: MadeRecord, remade: MadeRecord, folder: Path, tolerance: float) -> Compared:
    """Return how outputs in a folder compare with the recorded ones; floats may differ by a share of their group."""
    if recorded.outputs == remade.outputs:
        return Compared(Grade.IDENTICAL, [], 0.0)
    differences = list(_differences(recorded, remade, folder))
    distances = [each.distance for each in differences]
    measured = [each for each in distances if each is not None]
    largest = max(measured, default=None) if len(measured) == len(distances) else None
    if largest is not None and largest <= tolerance:
        return Compared(Grade.EQUAL, differences, largest)
    same = metrics_agree(recorded, folder, tolerance)
    return Compared(Grade.METRIC if same else Grade.DIFFERENT, differences, largest)


def metrics_agree(recorded: MadeRecord, folder: Path, tolerance: float) -> bool:
    """Return whether a job writes metrics, and the same ones again within the tolerance."""
    scores = [name for name in recorded.outputs if name.endswith(".json") and not name.endswith(SUFFIX)]
    scores = [name for name in scores if _as_recorded(Path(name), recorded.outputs[name])]
    pairs = [(_metrics(Path(name)), _metrics(folder / name)) for name in scores]
    apart = [distance(one, other) for one, other in pairs if one is not None or other is not None]
    return bool(apart) and all(each is not None and each <= tolerance for each in apart)


def _metrics(path: Path) -> object:
    try:
        content = read_json(path) if path.is_file() else None
    except PipelineError:
        return None
    return content.get("metrics") if isinstance(content, dict) else None


def _differences(recorded: MadeRecord, remade: MadeRecord, folder: Path) -> Iterator[FileDifference]:
    for name in sorted({*recorded.outputs, *remade.outputs}):
        before, now = recorded.outputs.get(name), remade.outputs.get(name)
        if before == now:
            continue
        if before is None or now is None:
            yield FileDifference(name, None, "only made now" if before is None else "not made again")
        elif name.endswith(SUFFIX):
            yield from _of_manifests(Path(name), before, folder)
        else:
            yield _of_files(Path(name), before, folder / name)


def _of_manifests(manifest: Path, sha256: str, folder: Path) -> Iterator[FileDifference]:
    entries = _entries(manifest) if _as_recorded(manifest, sha256) else None
    if entries is None:
        yield FileDifference(manifest.as_posix(), None, ABSENT)
        return
    again = _entries(folder / manifest) or {}
    for name in sorted({*entries, *again}):
        path = manifest.parent / name
        if name not in entries or name not in again:
            yield FileDifference(path.as_posix(), None, "only made now" if name in again else "not made again")
        elif entries[name] != again[name]:
            yield _of_files(path, entries[name], folder / path)


def _entries(manifest: Path) -> dict[str, str] | None:
    try:
        return {entry.path: entry.sha256 for entry in read_entries(manifest)}
    except PipelineError:
        return None


def _as_recorded(path: Path, sha256: str) -> bool:
    return path.is_file() and DigestCache().digests([path]) == [sha256]


def _of_files(path: Path, sha256: str, remade: Path) -> FileDifference:
    if not _as_recorded(path, sha256):
        return FileDifference(path.as_posix(), None, ABSENT)
    apart = file_distance(path, remade)
    text = "other content" if apart is None else f"numbers differ by up to {apart:.3g} of the largest"
    return FileDifference(path.as_posix(), apart, text)
