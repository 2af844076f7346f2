"""What Snakemake's executor (2.8.0) is told of its jobs and how often it asks, so that it waits where waiting is right.

Left to itself it forgets jobs that it could not ask for, and waits for them for ever: each look at the jobs hands back
those that still run, and a look that failed hands back none. And of a job that lost its node `sacct` tells NODE_FAIL
until it starts again: the executor then looks for the node, is told "None assigned", and excludes that from whatever it
submits, which Slurm refuses. Between two looks that saw no end it waits ten seconds longer each time, so that a chain
of short jobs takes twice its time.
"""

import sys
from logging import Logger
from typing import Any, Awaitable, Callable

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.facts import library_versions

EXECUTOR = "snakemake_executor_plugin_slurm"
PACKAGE = "snakemake-executor-plugin-slurm"
QUESTION = "query_job_status"
WAIT = "next_seconds_between_status_checks"
GROWTH = 1.25  # of the wait between two looks: an end is seen after at most a quarter of the time waited for it

States = dict[str, str]
Query = Callable[[str, Logger], Awaitable[tuple[States | None, float | None]]]


def patch_slurm_executor(requeues: Callable[[], bool]) -> None:
    """Make the executor, where it is loaded, wait for Slurm, and for jobs on lost nodes if Slurm `requeues` them.

    An executor that lacks a name that is replaced here raises PipelineError: it would forget jobs in silence.
    """
    executor = sys.modules.get(EXECUTOR)
    if executor is not None:
        query = _replaceable(executor, QUESTION)
        wait = _replaceable(_replaceable(executor, "Executor"), WAIT)
        setattr(executor, QUESTION, patient(query, requeues))
        setattr(executor.Executor, WAIT, slowly_growing(wait))


def _replaceable(owner: Any, name: str) -> Any:
    """Return what `owner` calls `name`."""
    try:
        return getattr(owner, name)
    except AttributeError:
        version = library_versions([PACKAGE])[PACKAGE]
        raise PipelineError(
            f"Snakemake's Slurm executor is of another version than this project patches: {name!r} is gone",
            where=owner.__name__, value=f"{PACKAGE} {version}", cure="make setup installs the version that is pinned",
        ) from None  # fmt: skip


def patient(query: Query, requeues: Callable[[], bool]) -> Query:
    """Return a query that knows the state of no job where `query` fails: the executor asks again for those."""

    async def asked(command: str, logger: Logger) -> tuple[States, float]:
        states, seconds = await query(command, logger)
        if states is None:
            logger.warning("Slurm does not answer. Jobs go on without it; it is asked again later.")
            return {}, 0.0
        lost = {job for job, state in states.items() if state == "NODE_FAIL"} if requeues() else set()
        return states | dict.fromkeys(lost, "REQUEUED"), seconds or 0.0

    return asked


def slowly_growing(wait: property) -> property:
    """Return the executor's wait in seconds, which it sets after each look, as one that grows no faster than GROWTH."""
    assert wait.fget is not None and wait.fset is not None
    read, write = wait.fget, wait.fset

    def grow(executor: object, seconds: float) -> None:
        write(executor, min(seconds, GROWTH * read(executor)))

    return property(read, grow)
