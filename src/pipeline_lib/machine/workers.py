"""Workers: several processes of this machine that yield the items of one job together."""

import logging
import os
import queue
import time
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any, Callable, Iterable, Iterator, Sequence, TypeVar

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.gpus import see, taken

T = TypeVar("T")

POLL_SECONDS = 1.0

logger = logging.getLogger(__name__)


def items_of(work: Callable[[int], Iterable[T]], count: int) -> Iterator[T]:
    """Yield what `work(number)` yields in each of `count` processes, as it comes; each sees one of this job's GPUs.

    `work` must be picklable. Raises PipelineError where a process fails. All processes end when the caller stops.
    """
    context = get_context("spawn")
    items: Any = context.Queue()
    gpus = taken()
    workers = [
        context.Process(target=_work, args=(work, number, items, gpus[number : number + 1], os.getpid()), daemon=True)
        for number in range(count)
    ]
    try:
        for worker in workers:
            worker.start()
        yield from _received(items, workers)
    finally:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()


def _received(items: Any, workers: Sequence[BaseProcess]) -> Iterator[Any]:
    """Yield items until every worker has sent its end; raise PipelineError for one that fails or dies before."""
    working = set(range(len(workers)))
    looked = time.monotonic()
    while working:
        if time.monotonic() - looked > POLL_SECONDS:
            _expect_alive(working, workers)
            looked = time.monotonic()
        try:
            number, kind, content = items.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if kind == "item":
            yield content
        elif kind == "error":
            raise PipelineError(f"process {number} of this job failed", value=content)
        else:
            working.discard(number)


def _expect_alive(working: set[int], workers: Sequence[BaseProcess]) -> None:
    """Raise PipelineError if a worker ended without having sent its end, as one that ran out of memory does."""
    for number in working:
        code = workers[number].exitcode
        if code:
            raise PipelineError(
                f"process {number} of this job ended early", value=f"exit code {code}",
                cure="if memory ran out, let fewer `processes` answer, or raise `memory_gb`",
            )  # fmt: skip


def _work(work: Callable[[int], Iterable[Any]], number: int, items: Any, gpus: list[str], parent: int) -> None:
    if gpus:
        see(gpus[0])
    try:
        for item in work(number):
            if os.getppid() != parent:
                return  # nobody receives
            items.put((number, "item", item))
        items.put((number, "end", None))
    except PipelineError as error:
        items.put((number, "error", str(error)))
