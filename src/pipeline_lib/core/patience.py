"""What Snakemake does while Slurm does not answer, as when its controller starts again: it asks again later.

Left to itself the executor (2.8.0) forgets the jobs that it could not ask for, and waits for them for ever: each look
at the jobs hands back those that still run, and a look that failed hands back none.
"""

import sys
from logging import Logger
from typing import Awaitable, Callable

EXECUTOR = "snakemake_executor_plugin_slurm"
QUESTION = "query_job_status"

States = dict[str, str]
Query = Callable[[str, Logger], Awaitable[tuple[States | None, float | None]]]


def be_patient() -> None:
    """Make the executor, where it is loaded, take no answer for no news."""
    executor = sys.modules.get(EXECUTOR)
    query = getattr(executor, QUESTION, None)
    if query is not None:
        setattr(executor, QUESTION, patient(query))


def patient(query: Query) -> Query:
    """Return a query that knows the state of no job where `query` fails: the executor asks again for those."""

    async def asked(command: str, logger: Logger) -> tuple[States, float]:
        states, seconds = await query(command, logger)
        if states is None:
            logger.warning("Slurm does not answer. Jobs go on without it; it is asked again later.")
        return states or {}, seconds or 0.0

    return asked
