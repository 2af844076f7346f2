"""Accept outputs after a harmless change: the record takes the new settings, code and inputs, and lists the changes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.record import is_sealed
from pipeline_lib.job.reuse import ReuseCache, reuse_key
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.machine.facts import repository_facts

Job = dict[str, Any]
Record = dict[str, Any]


def accepted_record(job: Job, because: str, present: CurrentState) -> Record | None:
    """Return the record of a job with its outputs accepted, None where nothing differs.

    Outputs that are missing, altered or without a record raise PipelineError.
    """
    record = present.record(job["record"])
    if record is None or record["exit"] != 0:
        raise PipelineError("there is no successful run to accept", where=job["record"], cure="run snakemake")
    missing = [path for path in job["outputs"].values() if not Path(path).exists()]
    faults = [f"{path}: missing" for path in missing] + present.faults(record)
    if not is_sealed(record):
        faults.append(f"{job['record']}: edited since it was written")
    faults += present.source_changes(job, record)
    if set(record["inputs"]) != set(job["inputs"]):
        faults.append(f"{job['record']}: made from other inputs than {', '.join(job['inputs'])}")
    if faults:
        raise PipelineError("these outputs cannot be accepted", value=faults, cure="run snakemake")
    causes = present.causes(job, record)
    if not causes:
        return None
    change = {
        "because": because,
        "changes": causes,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "repository": repository_facts(),
    }
    return {
        **{name: value for name, value in record.items() if name != "seal"},
        "settings": job["settings"],
        "code": job["code"],
        "modules": present.modules(job),
        "libraries": job["libraries"],
        "inputs": {path: present.digest(path) for path in record["inputs"]},
        "accepted": [*record["accepted"], change],
    }


def keep_made(job: dict[str, Any], record: dict[str, Any], cache: DigestCache) -> None:
    """Keep the outputs of a planned job for reuse under its record; all of them must exist."""
    outputs = {name: Path(path) for name, path in job["outputs"].items() if name != "manifest"}
    ReuseCache(outputs, cache).keep(reuse_key(record, outputs), record)
