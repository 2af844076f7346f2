"""Patch how Snakemake's Slurm executor (2.8.0) queries job states and how long it waits between queries.

Unpatched, the executor drops its jobs when a query fails, and then waits for them for ever: each check returns the jobs
that still run, and a failed check returns none. When a job loses its node, `sacct` reports NODE_FAIL until the job
starts again; the executor looks up the node, gets "None assigned", and excludes that name from later submissions, which
Slurm refuses. After each check without a finished job the executor waits ten seconds longer, so that a chain of short
jobs takes twice its time.
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
GROWTH = 1.25  # of the wait between two checks: the end of a job is seen at most a quarter of the time waited too late

States = dict[str, str]
Query = Callable[[str, Logger], Awaitable[tuple[States | None, float | None]]]


def patch_slurm_executor(requeues: Callable[[], bool]) -> None:
    """Make a loaded executor wait for Slurm, and for jobs on lost nodes if Slurm `requeues` them.

    An executor without the patched names raises PipelineError, because it would silently drop jobs.
    """
    executor = sys.modules.get(EXECUTOR)
    if executor is not None:
        query = _replaceable(executor, QUESTION)
        wait = _replaceable(_replaceable(executor, "Executor"), WAIT)
        setattr(executor, QUESTION, patient(query, requeues))
        setattr(executor.Executor, WAIT, slowly_growing(wait))


def _replaceable(owner: Any, name: str) -> Any:
    """Return the attribute to patch; PipelineError if it is gone."""
    try:
        return getattr(owner, name)
    except AttributeError:
        version = library_versions([PACKAGE])[PACKAGE]
        raise PipelineError(
            f"this project cannot patch this version of Snakemake's Slurm executor: {name!r} is gone",
            where=owner.__name__, value=f"{PACKAGE} {version}", cure="make setup installs the pinned version",
        ) from None  # fmt: skip


def patient(query: Query, requeues: Callable[[], bool]) -> Query:
    """Return a query that returns no states where `query` fails, so that the executor asks again."""

    async def asked(command: str, logger: Logger) -> tuple[States, float]:
        states, seconds = await query(command, logger)
        if states is None:
            logger.warning("Slurm does not answer. Jobs continue without it; Snakemake will ask again.")
            return {}, 0.0
        lost = {job for job, state in states.items() if state == "NODE_FAIL"} if requeues() else set()
        return states | dict.fromkeys(lost, "REQUEUED"), seconds or 0.0

    return asked


def slowly_growing(wait: property) -> property:
    """Return the executor's property for the wait in seconds, limited to grow by GROWTH per check."""
    assert wait.fget is not None and wait.fset is not None
    read, write = wait.fget, wait.fset

    def grow(executor: object, seconds: float) -> None:
        write(executor, min(seconds, GROWTH * read(executor)))

    return property(read, grow)
