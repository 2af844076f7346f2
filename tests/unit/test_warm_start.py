"""A job that starts warm runs as it would alone: same arguments, streams, environment, end, and no process left over."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_lib.job.warm_start import SERVED

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="warm starts need Linux")

ASK = """
import sys
from pipeline_lib.job.warm_start import start_warm

sys.argv = sys.argv[1:]
code = start_warm({"torch": "2", "transformers": "5"}, ["sqlite3"])
sys.exit(99 if code is None else code)
"""

TELL = """
import os, sys
print("arguments", sys.argv[1:], "folder", os.getcwd(), "name", __name__, "file", __file__)
print("variable", os.environ.get("A_VARIABLE"), "served", os.environ.get("VLMFLOW_WARM_START"))
print("loaded", "sqlite3" in sys.modules, "package", "pipeline_lib" in sys.modules)
print("read", sys.stdin.read())
print("on the other stream", file=sys.stderr)
sys.exit(7)
"""

WAIT = """
import os, pathlib, signal, sys, time

def stop(number, frame):
    pathlib.Path("stopped").write_text(str(number))
    raise SystemExit(5)

for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, stop)
pathlib.Path("working").write_text(str(os.getpid()))
time.sleep(60)
"""


@pytest.fixture(scope="module")
def served() -> Iterator["subprocess.Popen[bytes]"]:
    """Yield a process that stands for Snakemake; what serves its jobs ends with it."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()
    wait_until(lambda: not servers(process.pid))


@pytest.fixture()
def ask(served: "subprocess.Popen[bytes]", tmp_path: Path) -> list[str]:
    """Return the beginning of a command that asks for a script to be run warm."""
    (tmp_path / "tell.py").write_text(TELL)
    (tmp_path / "wait.py").write_text(WAIT)
    return ["env", f"{SERVED}={served.pid}", sys.executable, "-P", "-c", ASK]


def servers(served: int) -> list[int]:
    """Return the processes that serve a process."""
    commands = {path.parent.name: path.read_bytes().split(b"\0") for path in Path("/proc").glob("[0-9]*/cmdline")}
    return [int(number) for number, command in commands.items() if str(served).encode() in command[3:]]


def wait_until(holds) -> None:  # type: ignore[no-untyped-def]
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise TimeoutError


def working(ask: list[str], folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a job that waits; return the asking process and the number of the one that works."""
    process = subprocess.Popen([*ask, "wait.py"], cwd=folder)
    wait_until(lambda: (folder / "working").exists() and (folder / "working").read_text())
    return process, int((folder / "working").read_text())


def alive(number: int) -> bool:
    try:
        return (Path("/proc") / str(number) / "stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def test_a_script_runs_as_if_it_were_alone(ask: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*ask, "tell.py", "a b", "ü"],
        cwd=tmp_path,
        env={**os.environ, "A_VARIABLE": "its value"},
        input="what was typed",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 7, done
    assert done.stderr == "on the other stream\n"
    assert done.stdout.splitlines() == [
        f"arguments ['a b', 'ü'] folder {tmp_path} name __main__ file tell.py",
        "variable its value served None",
        "loaded True package False",
        "read what was typed",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_job_once(ask: list[str], tmp_path: Path, number: signal.Signals) -> None:
    process, _ = working(ask, tmp_path)
    process.send_signal(number)
    assert process.wait(60) == 5
    assert (tmp_path / "stopped").read_text() == str(int(number))


def test_a_job_dies_with_the_process_that_asked(ask: list[str], tmp_path: Path) -> None:
    process, number = working(ask, tmp_path)
    process.kill()
    process.wait()
    wait_until(lambda: not alive(number))
    assert not (tmp_path / "stopped").exists()


def test_the_end_by_a_signal_is_told(ask: list[str], tmp_path: Path) -> None:
    process, number = working(ask, tmp_path)
    os.kill(number, signal.SIGKILL)
    assert process.wait(60) == 128 + signal.SIGKILL


def test_a_server_that_is_killed_takes_its_job_along(ask: list[str], tmp_path: Path, served) -> None:  # type: ignore[no-untyped-def]
    process, number = working(ask, tmp_path)
    for server in servers(served.pid):
        os.kill(server, signal.SIGKILL)
    assert process.wait(60) == 1
    wait_until(lambda: not alive(number))
    done = subprocess.run([*ask, "tell.py"], cwd=tmp_path, input="", capture_output=True, text=True)
    assert done.returncode == 7  # another one serves


def test_another_environment_has_its_own_server(ask: list[str], tmp_path: Path, served) -> None:  # type: ignore[no-untyped-def]
    for value in ("1", "1", "2"):
        variables = {**os.environ, "ANOTHER": value}
        done = subprocess.run([*ask, "tell.py"], cwd=tmp_path, env=variables, input="", capture_output=True, text=True)
        assert done.returncode == 7
    homes = [(Path("/proc") / str(number) / "environ").read_bytes() for number in servers(served.pid)]
    assert sorted(value for home in homes for value in home.split(b"\0") if value.startswith(b"ANOTHER=")) == [
        b"ANOTHER=1",
        b"ANOTHER=2",
    ]


def test_one_job_may_end_while_the_served_process_is_gone(ask: list[str], tmp_path: Path) -> None:
    short = subprocess.Popen(["sleep", "600"])
    command = [word.replace(ask[1], f"{SERVED}={short.pid}") for word in ask]
    process, number = working(command, tmp_path)
    short.kill()
    short.wait()
    time.sleep(0.5)
    assert alive(number) and servers(short.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 5
    wait_until(lambda: not servers(short.pid))
