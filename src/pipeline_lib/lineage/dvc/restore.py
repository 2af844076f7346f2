"""Restore a clone: verify pulled files against their manifests, and stages against dvc.lock."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.lineage.accept import keep_made
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.dvc.dvc_lock import locked_files, locked_identity, locked_inputs, md5_file
from pipeline_lib.lineage.dvc.stages import Stage, identity
from pipeline_lib.lineage.dvc.stored_records import ledger_path
from pipeline_lib.lineage.why import causes_of, differences


@dataclass
class Findings:
    """The stages that exist, the files that are absent, and the faults that prevent restoring."""

    there: list[Stage] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def examine(stages: list[Stage], lock: dict[str, dict[str, Any]], identities: str, present: CurrentState) -> Findings:
    """Return which stages can be restored; nothing is changed."""
    findings = Findings()
    for stage in stages:
        missing = [path for path in stage.outputs if not Path(path).exists()]
        findings.absent += missing
        if len(missing) == len(stage.outputs):
            continue
        findings.there.append(stage)
        findings.faults += [f"{stage.name}: {fault}" for fault in _faults(stage, lock, identities, present)]
    return findings


def _faults(stage: Stage, lock: dict[str, dict[str, Any]], identities: str, present: CurrentState) -> list[str]:
    entry = lock.get(stage.name)
    if entry is None:
        return ["was never committed"]
    committed = locked_identity(entry, stage.name, identities)
    faults = list(differences(committed or {}, identity(stage)))
    anchors = stage.of("manifest") or stage.outputs  # a manifest stands for the heavy files that it lists
    for path, md5 in locked_files(entry).items():
        if path in anchors and Path(path).is_file() and md5_file(Path(path)) != md5:
            faults.append(f"{path} is not the committed one")
    if set(locked_inputs(entry)) != set(stage.inputs):
        faults.append(f"was made from {sorted(locked_inputs(entry))}, and would now be made from {stage.inputs}")
    for path, md5 in locked_inputs(entry).items():
        if Path(path).is_file() and md5_file(Path(path)) != md5:
            faults.append(f"{path} is not the one that this stage was made from")
    for manifest in (path for path in map(Path, stage.of("manifest")) if path.is_file()):
        faults += present.manifest_faults(manifest, excused=stage.outputs + stage.of("raw"))
    for record_path in map(ledger_path, stage.jobs):
        record = present.record(record_path.as_posix())
        if record is not None and not record.is_sealed:
            faults.append(f"{record_path} was edited since it was written")
    return faults


def is_told(job: PlannedJob, present: CurrentState) -> bool:
    """Return whether the ledger's record of a job matches the present files.

    After `dvc repro` without `vlmflow dvc commit`, dvc.lock is newer than the ledger.
    """
    record = present.record(ledger_path(job).as_posix())
    if record is None:
        return False

    def digest(name: str) -> str | None:
        return present.digest(name) or record.inputs.get(name)  # an absent input counts as unchanged

    made = {name: present.digest(name) for name in record.outputs}
    same = all(now in (None, record.outputs[name]) for name, now in made.items())
    return same and not list(causes_of(job, record, digest, present.modules))


def keep_for_reuse(stages: list[Stage], present: CurrentState) -> None:
    """Keep the present outputs for equal jobs, so that making an absent raw file again reruns no job below it."""
    cache = DigestCache()
    for job in (job for stage in stages for job in stage.jobs if not present.absent_outputs(job)):
        record = present.record(job.record)
        if record is not None and record.is_sealed and not (present.causes(job, record) or present.faults(record)):
            keep_made(job, record.content, cache)


def heavy_files(stages: list[Stage]) -> list[Path]:
    """Return the files whose times must not change, or DVC would hash them all again."""
    paths = [path for stage in stages for job in stage.jobs for path in _heavy(job)]
    return [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]


def _heavy(job: PlannedJob) -> list[Path]:
    return [] if job.manifest is None else list(job.artefact.values())
