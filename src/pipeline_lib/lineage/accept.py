"""Accept outputs after a harmless change: the record takes the new settings, code and inputs, and lists the changes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.job.reuse import ReuseCache, reuse_key
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.machine.facts import repository_facts


@dataclass(frozen=True)
class Acceptance:
    """The content of the record of accepted outputs, to be written, and the changes that it accepts."""

    content: dict[str, Any]
    changes: list[str]


def acceptance(job: PlannedJob, because: str, present: CurrentState) -> Acceptance | None:
    """Return the acceptance of a job's outputs as they are, None where nothing differs.

    Outputs that are missing, altered or without a record raise PipelineError.
    """
    record = present.record(job.record)
    if record is None or not record.succeeded:
        raise PipelineError("there is no successful run to accept", where=job.record, cure="run snakemake")
    missing = [path for path in job.output_paths if not path.exists()]
    faults = [f"{path}: missing" for path in missing] + present.faults(record)
    if not record.is_sealed:
        faults.append(f"{job.record}: edited since it was written")
    faults += present.source_changes(job, record)
    if set(record.inputs) != set(job.inputs):
        faults.append(f"{job.record}: made from other inputs than {', '.join(job.inputs)}")
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
    content = {
        **{name: value for name, value in record.content.items() if name != "seal"},
        "settings": job.settings,
        "code": job.code,
        "modules": present.modules(job),
        "libraries": job.libraries,
        "inputs": {path: present.digest(path) or digest for path, digest in record.inputs.items()},
        "accepted": [*record.accepted, change],
    }
    return Acceptance(content, causes)


def keep_made(job: PlannedJob, content: dict[str, Any], cache: DigestCache) -> None:
    """Keep the outputs of a planned job for reuse under the content of its record; all of them must exist."""
    ReuseCache(job.artefact, cache).keep(reuse_key(content, job.artefact), content)
