"""The faults of artefacts and records: missing, altered, edited, unrecorded, or made from other bytes or pins."""

from pathlib import Path
from typing import Iterable, Iterator

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.downloads.pins import PINS, Pins, changed_pins
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX
from pipeline_lib.job.reuse import ENTRY, FOLDER, entry_fault, read_entry
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.records import Records

Recorded = tuple[Path, MadeRecord]  # a record with its path

FOLDERS = ("data", "results")


def faults(records: Records, present: CurrentState, outputs: set[str] | None = None) -> list[str]:
    """Return a line for everything that differs from its record; unreadable records raise PipelineError.

    `outputs` limits the check to the jobs that make these files; by default everything is checked, copies kept for
    reuse too.
    """
    checked = [(path, record) for path, record in records.all() if _is_of(record.outputs, outputs)]
    without = [path for path in _without_record(records) if _is_of([path], outputs)]
    lines = [*_of_records(checked, records, present), *(f"{path}: no record says how it was made" for path in without)]
    lines += [*_of_pins(checked), *_of_names(checked), *(_of_reuse() if outputs is None else ())]
    if records.broken:
        raise PipelineError("\n".join(["these records cannot be read:", *records.broken, *lines]))
    return lines


def plan_faults(plan: list[AssessedJob]) -> list[str]:
    """Return a line for every cause that makes a planned job unsound, if it was made or something was made from it."""
    existing = {path for job in plan if job.status is not Status.MISSING for path in job.inputs}
    return [
        cause if cause.startswith(FOLDERS) else f"{job.name}: {cause}"
        for job in plan
        if not job.status.is_sound and (job.record_path.is_file() or existing.intersection(job.outputs.values()))
        for cause in job.causes
    ]


def _is_of(paths: Iterable[str], outputs: set[str] | None) -> bool:
    return outputs is None or not outputs.isdisjoint(paths)


def _of_records(checked: list[Recorded], records: Records, present: CurrentState) -> Iterator[str]:
    for path, record in checked:
        if not record.is_sealed:
            yield f"{path}: edited since it was written"
        yield from present.faults(record)
        for name, digest in record.inputs.items():
            maker = records.find(name)
            if maker and maker.outputs[name] != digest:
                yield from (f"{made}: made from another {name} than the present one" for made in record.outputs)


def _without_record(records: Records) -> Iterator[str]:
    """Yield the paths of manifests and scores without a record."""
    for folder in FOLDERS:
        for path in sorted(Path(folder).rglob("*.json")):
            made = path.name.endswith((SUFFIX, "_score.json")) or path.parent.parent.name == "scores"
            if made and records.find(path.as_posix()) is None:
                yield path.as_posix()


def _of_pins(checked: list[Recorded]) -> Iterator[str]:
    try:
        known = Pins().all()
    except PipelineError as error:
        yield f"{PINS}: {str(error).splitlines()[0]}"
        return
    for _, record in checked:
        for name, change in changed_pins(record.pins, known).items():
            yield from (f"{output}: fetched under the pin {name} of {PINS}: {change}" for output in record.outputs)


def _of_names(checked: list[Recorded]) -> Iterator[str]:
    """Yield a line for every record under another record's name, and for every output that two records claim."""
    claimed: dict[str, Path] = {}
    for path, record in checked:
        if record.path is not None and not path.as_posix().endswith(record.path):
            yield f"{path}: it is the record {record.path} in another's place"
        for output in record.outputs:
            if output in claimed:
                yield f"{path}: claims {output}, which {claimed[output]} claims too"
            claimed[output] = path


def _of_reuse() -> Iterator[str]:
    cache = DigestCache()
    for path in sorted(FOLDER.glob(f"*/{ENTRY}")):
        try:
            fault = entry_fault(path.parent, read_entry(path), cache)
        except PipelineError as error:
            fault = str(error).splitlines()[0]
        if fault is not None:
            yield f"{path.parent}: {fault}; it will not be reused"
