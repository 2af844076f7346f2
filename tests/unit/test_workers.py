"""Workers: everything they yield arrives once; a failure or a death of one is an error, and none survives the caller."""

import os
import signal
import time
from pathlib import Path
from typing import Iterator

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.workers import items_of


def numbers(number: int) -> Iterator[int]:
    """Yield four numbers of this worker."""
    yield from range(10 * number, 10 * number + 4)


def failing(number: int) -> Iterator[int]:
    """Yield a number, then fail in the second worker."""
    yield number
    if number == 1:
        raise PipelineError("no such thing", value="x")
    time.sleep(60)


def killed(number: int) -> Iterator[int]:
    """Die without a word in the first worker."""
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    yield from iter(lambda: time.sleep(0.1) or number, None)


def visible(number: int) -> Iterator[tuple[int, str]]:
    """Yield the GPU that this worker sees."""
    yield number, os.environ["CUDA_VISIBLE_DEVICES"]


def endless(number: int) -> Iterator[int]:
    """Yield the process id for ever."""
    while True:
        yield os.getpid()
        time.sleep(0.01)


def test_all_items_arrive_once() -> None:
    assert sorted(items_of(numbers, 3)) == [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]


def test_a_failure_is_an_error_and_ends_the_others() -> None:
    began = time.monotonic()
    with pytest.raises(PipelineError, match=r"(?s)process 1 of this job failed.*no such thing"):
        list(items_of(failing, 2))
    assert time.monotonic() - began < 50


def test_a_death_is_an_error() -> None:
    with pytest.raises(PipelineError, match=r"(?s)process 0 of this job ended early.*exit code -9"):
        list(items_of(killed, 2))


def test_each_worker_sees_one_of_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    assert sorted(items_of(visible, 2)) == [(0, "GPU-a"), (1, "GPU-b")]


def test_workers_end_with_a_caller_that_stops_early() -> None:
    items = items_of(endless, 2)
    pids = {next(items) for _ in range(50)}
    items.close()
    assert pids and not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
