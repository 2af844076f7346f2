"""What Snakemake's executor (2.8.0) is told of its jobs and how often it asks, so that it waits where waiting is right.

Left to itself it forgets jobs that it could not ask for, and waits for them for ever: each look at the jobs hands back
those that still run, and a look that failed hands back none. And of a job that lost its node `sacct` tells NODE_FAIL
until it starts again: the executor then looks for the node, is told "None assigned", and excludes that from whatever it
submits, which Slurm refuses. Between two looks that saw no end it waits ten seconds longer each time, so that a chain
of short jobs takes twice its time.
"""

import sys
from logging import Logger
from typing import Awaitable, Callable

EXECUTOR = "snakemake_executor_plugin_slurm"
QUESTION = "query_job_status"
WAIT = "next_seconds_between_status_checks"
GROWTH = 1.25  # of the wait between two looks: an end is seen after at most a quarter of the time waited for it

States = dict[str, str]
Query = Callable[[str, Logger], Awaitable[tuple[States | None, float | None]]]


def be_patient(requeues: Callable[[], bool]) -> None:
    """Make the executor, where it is loaded, wait for Slurm, and for jobs on lost nodes if Slurm `requeues` them."""
    executor = sys.modules.get(EXECUTOR)
    query = getattr(executor, QUESTION, None)
    if executor is not None and query is not None:
        setattr(executor, QUESTION, patient(query, requeues))
        setattr(executor.Executor, WAIT, slowly_growing(getattr(executor.Executor, WAIT)))


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
