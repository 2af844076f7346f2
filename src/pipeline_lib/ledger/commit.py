"""Which stages may be recorded as made: those whose files, settings, code and libraries are what their records say."""

from dataclasses import dataclass

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
    causes = []
    for job in stage.jobs:
        record = present.record(job["record"])
        stale = present.causes(job)
        unstored = tuple(f"{path}/" for path in job["outputs"].values() if path not in stage.outputs)
        faults = present.faults(record) if record else []
        causes += stale + [fault for fault in faults if not (unstored and fault.startswith(unstored))]
    return causes
