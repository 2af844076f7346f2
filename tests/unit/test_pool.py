"""A loop in several processes: results in order, errors and deaths reach the caller, no process survives it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.pool import AHEAD, CHUNK, WORTH_A_PROCESS, in_order, worthwhile
from tests.project import ROOT


def slow_where_even(number: int) -> tuple[int, int]:
    """Return a number and the process; even numbers take longer."""
    time.sleep(0.002 * (number % 2 == 0))
    return number, os.getpid()


def refusing(number: int) -> int:
    """Refuse one number."""
    if number == 20:
        raise PipelineError("not this one", value=number)
    return number


def deadly(number: int) -> int:
    """Die at one number."""
    if number == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_the_order_of_the_items(processes: int) -> None:
    results = list(in_order(slow_where_even, range(100), processes))
    assert [number for number, _ in results] == list(range(100))
    assert (os.getpid() in {process for _, process in results}) == (processes == 1)


def test_no_item_is_no_process() -> None:
    assert list(in_order(slow_where_even, [], 4)) == []


def test_items_are_taken_only_as_fast_as_results_are_used() -> None:
    taken: list[int] = []
    results = in_order(slow_where_even, (taken.append(number) or number for number in range(1000)), 2)
    next(results)
    assert len(taken) <= 2 * AHEAD * CHUNK
    results.close()


def test_a_refusal_reaches_the_caller_after_the_results_before_it() -> None:
    results = []
    with pytest.raises(PipelineError, match="not this one"):
        results.extend(in_order(refusing, range(100), 2))
    with pytest.raises(PipelineError, match=r"ended early(.|\n)*--set-threads"):
        list(in_order(deadly, range(100), 2))


def test_few_items_are_left_to_one_process() -> None:
    assert [worthwhile(items, 4) for items in (0, WORTH_A_PROCESS - 1, WORTH_A_PROCESS, 10**6)] == [1, 1, 2, 4]


LOOP = """
import sys
from tests.unit.test_pool import slow_where_even
from pipeline_lib.machine.pool import in_order
if __name__ == "__main__":
    print(sorted({process for _, process in in_order(slow_where_even, range(40), 2)}), flush=True)
    for _ in in_order(slow_where_even, range(10**6), 2):
        pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process is not told that its parent was killed")
def test_the_processes_of_a_killed_job_end(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    job = subprocess.Popen([sys.executable, str(tmp_path / "loop.py")], env=environment, stdout=subprocess.PIPE)
    assert job.stdout is not None and job.stdout.readline()
    deadline = time.monotonic() + 60
    while len(children := children_of(job.pid)) < 3 and time.monotonic() < deadline:  # two, and multiprocessing's own
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.wait()
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(children) >= 2 and not [child for child in children if Path(f"/proc/{child}").exists()]


def children_of(process: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found += [int(status.parent.name)] if int(fields[1]) == process else []
    return found
