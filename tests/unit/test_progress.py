"""A job reports how far it is, in a file beside its log, and in a line a minute of the log itself."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_lib.job.progress import BEGIN, END, Progress, duration, note, progress_file, write_to
from pipeline_lib.job.reports import last_run, reports
from pipeline_lib.machine.gpu_use import uses


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture()
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "full.log"
    write_to(path)
    yield path
    write_to(None)


def done(path: Path, unit: str = "steps") -> list[int]:
    return [line["done"] for line in reports(path, unit)]


def test_every_step_is_reported_once_even_if_a_killed_training_repeats_some(log: Path) -> None:
    for first, last in ((1, 5), (4, 8)):  # the state of step 3 was saved; steps 4 and 5 are taken again
        progress = Progress("steps", 8, first - 1, every=True)
        for step in range(first, last + 1):
            progress.at(step, loss=10 * first + step)
    assert done(progress_file(log)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [line["loss"] for line in reports(progress_file(log), "steps")] == [11, 12, 13, 44, 45, 46, 47, 48]


def test_a_training_that_begins_again_replaces_all_steps(log: Path) -> None:
    for steps in (5, 2):
        progress = Progress("steps", steps, every=True)
        for step in range(1, steps + 1):
            progress.at(step)
    assert done(progress_file(log)) == [1, 2]


def test_a_torn_line_costs_only_itself(log: Path) -> None:
    Progress("steps", 9, every=True).at(1)
    write_to(None)
    with progress_file(log).open("a") as file:
        file.write('{"event": "report", "unit": "steps", "do')
    write_to(log)
    Progress("steps", 9, every=True).at(2)
    assert done(progress_file(log)) == [1, 2]


def test_the_last_run_ends_or_does_not(log: Path) -> None:
    path = progress_file(log)
    assert last_run(path) is None
    note(BEGIN, job="train full")
    Progress("steps", 2).at(2)
    note(END, exit=0)
    ended = last_run(path)
    assert ended and ended.end and ended.report and (ended.end["exit"], ended.report["done"]) == (0, 2)
    note(BEGIN, job="train full")
    killed = last_run(path)
    assert killed and killed.report is None and killed.end is None


def test_reports_come_once_a_second_and_lines_of_the_log_once_a_minute(
    log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    progress = Progress("questions", 1040, clock=clock)
    for number in range(1, 1041):
        clock.now += 0.125
        progress.at(number)
    assert len(done(progress_file(log), "questions")) == pytest.approx(130, abs=2)
    lines = [record.getMessage() for record in caplog.records if record.name == "pipeline_lib.job.progress"]
    assert lines[0] == "41 of 1040 questions, about 2 min 05 s left"
    assert lines[-1] == "1040 of 1040 questions"
    assert len(lines) == 4


def test_the_time_left_follows_the_recent_rate(log: Path) -> None:
    clock = Clock()
    progress = Progress("steps", 1000, every=True, clock=clock)
    for step in range(1, 501):
        clock.now += 10 if step <= 100 else 1
        progress.at(step)
    assert reports(progress_file(log), "steps")[-1]["seconds_left"] == 500


def test_progress_without_a_log_goes_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    write_to(None)
    Progress("steps", 1, logs=False).at(1)
    assert not caplog.records


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"), (356400, "4 d 03 h")]
)
def test_a_time_has_the_two_units_that_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_use_of_the_own_gpus_is_read_from_the_table_of_all() -> None:
    printed = "GPU-a, 90\nGPU-b, 5\nGPU-c, [N/A]\n"
    assert uses(printed, ["GPU-b", "GPU-a"]) == [5, 90]
    assert uses(printed, ["GPU-c"]) is None
    assert uses("", ["GPU-a"]) is None
