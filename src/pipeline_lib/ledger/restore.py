"""Whether what was pulled may be taken for made: every file as its manifest says, every stage as it was committed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.kept import Kept, reuse_key
from pipeline_lib.core.manifest import SUFFIX
from pipeline_lib.core.record import is_sealed
from pipeline_lib.ledger.lock import locked_files, locked_identity, locked_inputs, md5_file
from pipeline_lib.ledger.records import ledger_path
from pipeline_lib.ledger.stages import Job, Stage, identity
from pipeline_lib.lineage.present import Present
from pipeline_lib.lineage.why import causes_of, differences


@dataclass
class Findings:
    """What a restore found: stages that are there, files that are not, and whatever speaks against restoring."""

    there: list[Stage] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def examine(stages: list[Stage], lock: dict[str, dict[str, Any]], identities: str, present: Present) -> Findings:
    """Return which stages can be restored; nothing is changed."""
    found = Findings()
    for stage in stages:
        missing = [path for path in stage.outputs if not Path(path).exists()]
        found.absent += missing
        if len(missing) == len(stage.outputs):
            continue
        found.there.append(stage)
        found.faults += [f"{stage.name}: {fault}" for fault in _faults(stage, lock, identities, present)]
    return found


def _faults(stage: Stage, lock: dict[str, dict[str, Any]], identities: str, present: Present) -> list[str]:
    entry = lock.get(stage.name)
    if entry is None:
        return ["was never committed"]
    committed = locked_identity(entry, stage.name, identities)
    faults = list(differences(committed or {}, identity(stage)))
    anchors = stage.of("manifest") or stage.outputs  # a manifest answers for the heavy files that it lists
    for path, md5 in locked_files(entry).items():
        if path in anchors and Path(path).is_file() and md5_file(Path(path)) != md5:
            faults.append(f"{path} is not the one that was committed")
    for path, md5 in locked_inputs(entry).items():
        if Path(path).is_file() and md5_file(Path(path)) != md5:
            faults.append(f"{path} is not the one that this stage was made from")
    for path in (path for path in stage.outputs if path.endswith(SUFFIX) and Path(path).is_file()):
        faults += present.manifest_faults(Path(path), absent_too=False)
    return faults + [fault for job in stage.jobs for fault in _record_faults(job, present)]


def _record_faults(job: Job, present: Present) -> list[str]:
    """Return how the ledger's record of a job contradicts the plan or the files that are there."""
    path = ledger_path(job)
    record = present.record(path.as_posix())
    if record is None:
        return []
    if not is_sealed(record):
        return [f"{path} was edited since it was written"]

    def digest(name: str) -> str | None:
        return present.digest(name) or record["inputs"][name]  # what is absent contradicts nothing

    causes = list(causes_of(job, record, digest, present.modules))
    made = {name: present.digest(name) for name in record["outputs"]}
    causes += [f"{name}: other content" for name, now in made.items() if now not in (None, record["outputs"][name])]
    return [f"{path} says otherwise: {cause}" for cause in causes]


def keep_for_reuse(stages: list[Stage], present: Present) -> None:
    """Keep what is there for jobs with equal settings, code and inputs: making a raw file again makes nothing else."""
    cache = DigestCache()
    for job in (job for stage in stages for job in stage.jobs):
        outputs = {name: Path(path) for name, path in job["outputs"].items() if name != "manifest"}
        record = present.record(job["record"])
        if record is not None and all(path.exists() for path in outputs.values()):
            Kept(outputs, cache).keep(reuse_key(record, outputs), record)


def heavy_files(stages: list[Stage]) -> list[Path]:
    """Return the files whose times must stay what they are, or DVC would read them all again."""
    paths = [Path(path) for stage in stages for job in stage.jobs for path in _heavy(job)]
    return [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]


def _heavy(job: Job) -> list[str]:
    return [path for name, path in job["outputs"].items() if name != "manifest" and "manifest" in job["outputs"]]
