"""How long, how slow and how large a download may be, by a clock that the tests set."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_lib.downloads.pace import Pace, RetryPolicy, UnreachableError, site_retry_policy


@pytest.fixture()
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that a download sees, as a list of one number to set."""
    now = [0.0]
    monkeypatch.setattr("pipeline_lib.downloads.pace.time.monotonic", lambda: now[0])
    return now


def test_a_download_below_the_floor_of_speed_is_given_up_after_a_minute(clock: list[float]) -> None:
    pace = Pace(RetryPolicy(), "name")
    with pace.attempt():
        pace.begin(0, None, 10**12)
        for second in range(60):
            clock[0] = second
            pace.note(second)
        clock[0] = 60.0
        with pytest.raises(UnreachableError, match="slower than 1000 bytes a second"):
            pace.note(60)


def test_bytes_that_come_one_a_connection_are_as_slow(clock: list[float]) -> None:
    pace = Pace(RetryPolicy(), "name")
    with pytest.raises(UnreachableError, match="slower"):
        for size in range(10_000):
            clock[0] += 1000  # between the attempts, which does not count
            with pace.attempt():
                pace.begin(size, None, 10**12)
                clock[0] += 0.1
                pace.note(size + 1)
    assert size in (599, 600)  # tenths of a second


def test_a_large_file_at_a_fair_speed_is_not_given_up(clock: list[float]) -> None:
    pace = Pace(RetryPolicy(), "name")
    with pace.attempt():
        pace.begin(0, 10**11, 10**12)
        for second in range(0, 100_000, 10):
            clock[0] = second
            pace.note(second * 10**6)


def test_a_download_that_takes_too_long_in_all_is_given_up(clock: list[float]) -> None:
    pace = Pace(replace(RetryPolicy(), longest=3600.0), "name")
    with pytest.raises(UnreachableError, match="not complete after 1 hours"), pace.attempt():
        pace.begin(0, None, 10**12)
        for second in range(0, 4000, 10):
            clock[0] = second
            pace.note(second * 10**6)


def test_the_limits_are_those_of_site_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert site_retry_policy() == RetryPolicy()
    Path("site.yaml").write_text("downloads: {slowest: 10, hours: 1, gigabytes: 2}\n")
    assert site_retry_policy() == RetryPolicy(slowest=10, longest=3600, largest=2e9)
