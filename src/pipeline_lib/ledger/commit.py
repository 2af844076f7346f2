"""Which stages may be recorded as made: those whose files, settings, code and libraries are what their records say."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.core.record import is_sealed
from pipeline_lib.ledger.stages import Stage
from pipeline_lib.lineage.present import Present


@dataclass(frozen=True)
class Refusal:
    """A stage that cannot be recorded, with everything that speaks against it."""

    stage: str
    causes: list[str]


def refusals(stages: list[Stage], present: Present) -> list[Refusal]:
    """Return the stages that are stale, incomplete or altered; raw files that are not stored may be absent."""
    found = [Refusal(stage.name, _causes(stage, present)) for stage in stages]
    return [refusal for refusal in found if refusal.causes]


def _causes(stage: Stage, present: Present) -> list[str]:
    causes = [f"{path}: missing" for path in stage.inputs if not Path(path).exists()]
    for job in stage.jobs:
        record = present.record(job["record"])
        causes += job["causes"]
        if record is not None:
            causes += present.faults(record, excused=set(job["outputs"].values()) - set(stage.outputs))
            causes += [] if is_sealed(record) else [f"{job['record']}: edited since it was written"]
    return causes
