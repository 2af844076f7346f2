"""Checkpoints that are not results: copies of models kept for reuse, and saved states of unfinished jobs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from pipeline_lib.core import locks
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below
from pipeline_lib.job import resume, reuse
from pipeline_lib.lineage.ancestors import ancestors, artefact_of
from pipeline_lib.lineage.disk import HEAVY
from pipeline_lib.lineage.records import Records

COPY, STATE = "copy for reuse", "saved state"


@dataclass(frozen=True)
class Former:
    """A copy or a state, the time of its newest file, and the bytes that its removal frees.

    `scores` stand on it: it is the only copy of a model that is no longer in its place. `running`: a job uses it now.
    """

    folder: Path
    kind: str
    artefact: str
    newest: float
    frees: int
    scores: list[str]
    running: bool = False


def former_checkpoints(records: Records) -> list[Former]:
    """Return the copies and states of a project, newest first within each kind."""
    return sorted([*_copies(records), *_states(records)], key=lambda each: (each.kind, -each.newest))


def beyond(former: list[Former], count: int) -> list[Former]:
    """Return the copies and the states beyond the newest `count` of their kind."""
    kinds = {kind: [each for each in former if each.kind == kind] for kind in (COPY, STATE)}
    return [each for ordered in kinds.values() for each in ordered[count:]]


def _copies(records: Records) -> Iterator[Former]:
    scores = _scores_by_digest(records)
    for path in sorted((records.root / reuse.FOLDER).glob(f"*/{reuse.ENTRY}")):
        try:
            entry = reuse.read_entry(path)
        except PipelineError:  # of an older version: plain `vlmflow clean` removes it
            continue
        if entry["record"]["stage"] not in HEAVY:
            continue
        absent = not all((records.root / name).exists() for name in entry["outputs"].values())
        outputs = entry["record"]["outputs"].items()
        standing = [score for output in outputs for score in scores.get(output, [])] if absent else []
        artefact = artefact_of(next(iter(entry["record"]["outputs"]), path.parent.name))
        yield Former(path.parent, COPY, artefact, path.stat().st_mtime, _frees(path.parent), standing)


def _scores_by_digest(records: Records) -> dict[tuple[str, str], list[str]]:
    """Return the scores that stand on a file of a name and digest, by what jobs read: its own record may be gone."""
    scores: dict[tuple[str, str], list[str]] = {}
    for _, record in records.all():
        if record.stage == "score":
            score = next(iter(record.outputs), "")
            for read in {item for above in ancestors(records, [score]) for item in above.inputs.items()}:
                scores.setdefault(read, []).append(score)
    return scores


def _states(records: Records) -> Iterator[Former]:
    names = {}
    for _, record in records.all():
        outputs = {option: Path(path) for option, path in record.artefact.items()}
        names[resume.outputs_name(outputs)] = next(iter(record.artefact.values()), "")
    for folder in sorted((records.root / resume.FOLDER).glob("*/")):
        files = files_below(folder)
        newest = max((path.stat().st_mtime for path in files), default=folder.stat().st_mtime)
        running = locks.is_held(records.root / resume.LOCKS / f"{folder.name}.lock")
        artefact = names.get(folder.name, "an unfinished job")
        yield Former(folder, STATE, artefact, newest, _frees(folder), [], running)


def _frees(folder: Path) -> int:
    """Return the bytes that only this folder has: a file with another name elsewhere stays."""
    stats = (path.lstat() for path in files_below(folder))
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)
