"""Which stages may be committed: those whose files, settings, code and libraries match their records."""

from dataclasses import dataclass
from pathlib import Path
from typing import Collection

from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.dvc.stages import Stage


@dataclass(frozen=True)
class Refusal:
    """A stage that DVC must not commit, with every cause."""

    stage: str
    causes: list[str]


def refusals(stages: list[Stage], present: CurrentState, committed: Collection[str]) -> list[Refusal]:
    """Return the stages that are stale, incomplete or altered; unstored raw files may be absent.

    Outputs removed on purpose may be absent if the stage was committed before.
    """
    candidates = [Refusal(stage.name, _causes(stage, present, stage.name in committed)) for stage in stages]
    return [refusal for refusal in candidates if refusal.causes]


def absent_outputs(stage: Stage) -> list[str]:
    """Return the missing outputs of a stage; without them it cannot be committed."""
    return [path for path in stage.outputs if not Path(path).exists()]


def _causes(stage: Stage, present: CurrentState, committed: bool) -> list[str]:
    causes = [f"{path}: missing" for path in stage.inputs if not Path(path).exists()]
    causes += [] if committed else [f"{path}: missing, and never committed" for path in absent_outputs(stage)]
    for job in stage.jobs:
        record = present.record(job.record)
        causes += job.causes
        if record is not None:
            causes += present.faults(record, excused=set(job.outputs.values()) - set(stage.outputs))
            causes += [] if record.is_sealed else [f"{job.record}: edited since it was written"]
    return causes
