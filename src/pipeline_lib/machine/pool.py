"""A loop in several processes of this machine: results come in the order of the items, whichever process made them."""

import itertools
import os
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Callable, Iterable, Iterator, TypeVar

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.keeper import be_killed_with_parent

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 8  # items that a process gets at once
WORTH_A_PROCESS = 500  # items: a process takes a second to start
AHEAD = 3  # chunks a process that are under way or wait for an earlier one: no more results are in memory


def worthwhile(items: int, most: int) -> int:
    """Return how many processes so many items occupy, `most` at most: fewer items take less time than their start."""
    return min(most, 1 + items // WORTH_A_PROCESS)


def in_order(work: Callable[[T], R], items: Iterable[T], processes: int) -> Iterator[R]:
    """Yield `work(item)` for every item, in their order, computed by this process or by several others.

    `work`, items and results must be picklable where there are several. The processes end with the caller, even a
    killed one. One that dies raises PipelineError; what `work` raises is raised here.
    """
    if processes == 1:
        yield from map(work, items)
        return
    remaining = iter(items)
    chunks = iter(lambda: list(itertools.islice(remaining, CHUNK)), [])
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _prepare, (os.getpid(),))
    try:
        pending: deque[Future[list[R]]] = deque()
        for chunk in chunks:
            pending.append(pool.submit(_all, work, chunk))
            if len(pending) == AHEAD * processes:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    except BrokenProcessPool as error:
        raise PipelineError(
            "a process of this job ended early",
            cure="if memory ran out, run the job with fewer threads, such as `snakemake --set-threads convert=1`",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _all(work: Callable[[T], R], chunk: list[T]) -> list[R]:
    return [work(item) for item in chunk]


def _prepare(parent: int) -> None:
    """Prepare a process: the end of its parent ends it, and nothing else that reaches the whole group does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    be_killed_with_parent()
    if os.getppid() != parent:  # it ended before
        os._exit(1)
