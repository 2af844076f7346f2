"""Run many tasks with one client, and yield their results as they come; an error that all would get ends them."""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Awaitable, Callable, Generic, Iterable, Iterator, TypeVar

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.client import Client, StoppedError
from pipeline_lib.endpoints.faults import AGAIN

FIRST_FAILURES = 3  # of a job without any reply yet: then all requests would fail
FAILURES = 10  # in a row
LINES = 20  # of the log, in a job

logger = logging.getLogger(__name__)


R = TypeVar("R")


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What a task returns, and why its request failed, None if it did not."""

    value: R
    failure: str | None = None


Task = Callable[[], Awaitable[Outcome[R]]]


@dataclass
class Failures(Generic[R]):
    """Failed requests in a row: they are passed on once another one succeeds, since the server then works."""

    works: bool
    _held: list[Outcome[R]] = field(default_factory=list)

    def passed_on(self, outcome: Outcome[R]) -> list[R]:
        """Return the values to yield now; PipelineError if too many have failed."""
        self._held.append(outcome)
        if outcome.failure is None:
            self.works, passed, self._held = True, [each.value for each in self._held], []
            return passed
        if len(self._held) >= (FAILURES if self.works else FIRST_FAILURES):
            raise self._error()
        return []

    def rest(self) -> list[R]:
        """Return the values still held; PipelineError if no request at all succeeded."""
        if self._held and not self.works:
            raise self._error()
        return [each.value for each in self._held]

    def _error(self) -> PipelineError:
        what = f"{len(self._held)} requests in a row failed; they are asked again later"
        return PipelineError(what, where="the server", value=self._held[-1].failure, cure=f"correct its cause; {AGAIN}")


def results(client: Client, tasks: Iterable[Task[R]], count: int, works: bool) -> Iterator[R]:
    """Yield the values of `count` tasks, in the order in which they come.

    `works`: the server has replied to an earlier start of the job. What has come is yielded before an error is raised.
    """
    failures, ready = Failures[R](works), asyncio.Queue[list[R] | None]()
    done, line = 0, max(1, count // LINES)
    with asyncio.Runner() as runner:
        asking = runner.get_loop().create_task(_ask(client, iter(tasks), failures, ready))
        while (batch := runner.run(ready.get())) is not None:
            for result in batch:
                yield result
                done += 1
                if done % line == 0 or done == count:
                    logger.info("%d of %d replies; spent %s", done, count, client.ledger.text(client.ledger.spent))
        runner.run(_result_of(asking))
    if client.error is not None:
        raise client.error


async def _result_of(asking: "asyncio.Task[None]") -> None:
    """Wait for a task, and raise the error that ended it."""
    await asking


async def _ask(
    client: Client, tasks: Iterator[Task[R]], failures: Failures[R], ready: "asyncio.Queue[list[R] | None]"
) -> None:
    """Put the results of all tasks into `ready`, then None; an error for the user is left in `client.error`."""

    def pass_on(make: Callable[[], list[R]]) -> None:
        try:
            ready.put_nowait(make())
        except PipelineError as error:
            client.stop(error)

    async def work() -> None:
        for task in tasks:
            if client.error is not None:
                return
            try:
                result = await task()
            except StoppedError:
                return
            except PipelineError as error:
                client.stop(error)
                return
            pass_on(partial(failures.passed_on, result))

    try:
        async with client, asyncio.TaskGroup() as group:
            for _ in range(client.access.concurrency):
                group.create_task(work())
        if client.error is None:
            pass_on(failures.rest)
    finally:
        ready.put_nowait(None)
