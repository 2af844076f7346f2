"""Which stages may be recorded as made: those whose files, settings, code and libraries are what their records say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Collection

from pipeline_lib.job.record import is_sealed
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.dvc.stages import Stage


@dataclass(frozen=True)
class Refusal:
    """A stage that cannot be recorded, with everything that speaks against it."""

    stage: str
    causes: list[str]


def refusals(stages: list[Stage], present: CurrentState, committed: Collection[str]) -> list[Refusal]:
    """Return the stages that are stale, incomplete or altered; raw files that are not stored may be absent.

    What was removed on purpose may be absent where the stage is among those that were committed before.
    """
    found = [Refusal(stage.name, _causes(stage, present, stage.name in committed)) for stage in stages]
    return [refusal for refusal in found if refusal.causes]


def absent_outputs(stage: Stage) -> list[str]:
    """Return those outputs of a stage that are not here: it cannot be recorded without them."""
    return [path for path in stage.outputs if not Path(path).exists()]


def _causes(stage: Stage, present: CurrentState, committed: bool) -> list[str]:
    causes = [f"{path}: missing" for path in stage.inputs if not Path(path).exists()]
    causes += [] if committed else [f"{path}: not here, and never committed" for path in absent_outputs(stage)]
    for job in stage.jobs:
        record = present.record(job["record"])
        causes += job["causes"]
        if record is not None:
            causes += present.faults(record, excused=set(job["outputs"].values()) - set(stage.outputs))
            causes += [] if is_sealed(record) else [f"{job['record']}: edited since it was written"]
    return causes
