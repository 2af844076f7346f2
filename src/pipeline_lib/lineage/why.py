"""Why a stage would run: every value that differs between its record and the plan."""

from dataclasses import dataclass
from typing import Any, Callable, Iterator

from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.lineage.jobs import AssessedJob, Status

BELOW = "below "  # begins a cause that comes from a job above
NEVER_MADE = "it was never made"


@dataclass(frozen=True)
class Reason:
    """A planned job with the causes that make it run, and the seconds that it took last time, None if unknown."""

    name: str
    causes: list[str]
    seconds: float | None


def explain(plan: list[AssessedJob], read_record: Callable[[str], MadeRecord | None]) -> list[Reason]:
    """Return a reason for every job of the plan that would run, in the plan's order.

    The plan names the causes; the record that `read_record` returns states how long the job took.
    """
    unknown = ["Snakemake has no metadata of making it here"]
    return [Reason(job.name, job.causes or unknown, _seconds(read_record(job.record))) for job in plan if job.runs]


def unseen_sources(plan: list[AssessedJob]) -> list[str]:
    """Return a line for every source that planning did not look at, with the reason."""
    return sorted({f"source not looked at: {job.unseen}" for job in plan if job.unseen})


def unvouched(plan: list[AssessedJob]) -> list[str]:
    """Return a line for every stale job that Snakemake will not run again, with its causes."""
    return [
        f"{job.name} is stale, but will not run: {'; '.join(causes)}"
        for job in plan
        if job.status is Status.STALE and not job.runs and (causes := own_causes(job.causes))
    ]


def own_causes(causes: list[str]) -> list[str]:
    """Return the causes of a job itself, without those of the jobs above it."""
    return [cause for cause in causes if not cause.startswith(BELOW)]


def causes_of(
    job: PlannedJob,
    record: MadeRecord | None,
    digest_of: Callable[[str], str | None],
    modules_of: Callable[[PlannedJob], dict[str, str]],
) -> Iterator[str]:
    """Yield the differences between a job's record and its plan."""
    if record is None or not record.succeeded:
        yield NEVER_MADE if record is None else f"it failed: {str(record.error).splitlines()[0]}"
        return
    yield from differences(record.settings, job.settings)
    if record.code != job.code:
        changed = changes(record.modules, modules_of(job))
        yield from (f"code of {module} {how}" for module, how in changed)
    yield from (f"library {line}" for line in differences(record.libraries, job.libraries))
    yield from (f"{path}: was not read before" for path in sorted(set(job.inputs) - set(record.inputs)))
    yield from (f"{path}: is no longer read" for path in sorted(set(record.inputs) - set(job.inputs)))
    for path in sorted(set(record.inputs) & set(job.inputs)):
        before, now = record.inputs[path], digest_of(path)
        if now != before:
            yield f"{path}: {'missing' if now is None else 'other content'}"


def differences(before: Any, now: Any, key: str = "") -> Iterator[str]:
    """Yield `key: old → new` for every value that differs between two settings, keys joined by dots."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted({*before, *now}):
            yield from differences(before.get(name), now.get(name), f"{key}.{name}" if key else name)
    elif before != now:
        yield f"{key}: {_shown(before)} → {_shown(now)}"


def _shown(value: Any) -> Any:
    """Return a value as a line shows it: an empty text in quotes."""
    return "''" if value == "" else value


def changes(before: dict[str, str], now: dict[str, str]) -> list[tuple[str, str]]:
    """Return the modules whose digests differ, each with `changed`, `added` or `removed`."""
    words = {
        name: "added" if name not in before else "removed" if name not in now else "changed" for name in {*before, *now}
    }
    return [(name, words[name]) for name in sorted(words) if before.get(name) != now.get(name)]


def _seconds(record: MadeRecord | None) -> float | None:
    if record is None or not record.succeeded:
        return None
    return record.making_seconds
