"""The jobs of a plan with their status, as rules/plan.py prints them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Mapping, Self

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field, optional_field, typed
from pipeline_lib.job.planned_job import PlannedJob, planned_fields


class Status(StrEnum):
    """The status of a job's outputs, from best to worst."""

    OK = "ok"
    REMOVED = "removed"  # absent on purpose, all else as planned
    STALE = "stale"
    MISSING = "missing"
    RUNNING = "running"
    FAILED = "failed"

    @property
    def is_sound(self) -> bool:
        """Return whether these outputs need no run."""
        return self in (Status.OK, Status.REMOVED)


@dataclass(frozen=True)
class AssessedJob(PlannedJob):
    """A planned job with what it takes, its status, and whether Snakemake would run it.

    `causes`: why it is unsound; `unseen`: why its source was not looked at, None where it was or need not be.
    """

    gpus: int  # on all of its nodes
    memory_mb: int
    runs: bool
    status: Status
    causes: list[str]
    unseen: str | None

    @classmethod
    def read(cls, entry: Mapping[str, Any], where: object) -> Self:
        """Return a job from its entry in the printed plan; an absent field or a wrong value raises PipelineError."""
        return cls(
            **planned_fields(entry, where),
            gpus=field(entry, "gpus", int, where),
            memory_mb=field(entry, "memory_mb", int, where),
            runs=field(entry, "runs", bool, where),
            status=_status(field(entry, "status", str, where), where),
            causes=[typed(cause, str, where, "a cause") for cause in field(entry, "causes", list, where)],
            unseen=optional_field(entry, "unseen", str, where),
        )


def _status(name: str, where: object) -> Status:
    if name not in list(Status):
        raise PipelineError("a job has an unknown status", where=where, value=name, cure="one of " + ", ".join(Status))
    return Status(name)
