"""A server that a job starts: it is waited for, its log is shown when it fails, and it ends with the job."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.own_server import Command, started
from pipeline_lib.machine import bound_program
from pipeline_lib.machine.bound_program import BoundProgram
from tests.project import ROOT

PROGRAM = """\
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(100)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + PROGRAM
IMPATIENT = "from pipeline_lib.machine import keeper\nkeeper.GRACE_SECONDS = 1.5\nkeeper.main()\n"
OWNER = """\
import sys, time
from pathlib import Path
from pipeline_lib.machine.bound_program import BoundProgram
with BoundProgram([sys.executable, "-c", sys.argv[1], sys.argv[2]], {}, Path(), Path(sys.argv[2] + ".log")):
    time.sleep(100)
"""


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(path: Path, seconds: int = 30) -> list[int]:
    """Return the process IDs in a file, when they are there."""
    for _ in range(20 * seconds):
        if path.is_file() and path.read_text().endswith("\n"):
            return [int(number) for number in path.read_text().split()]
        time.sleep(0.05)
    raise AssertionError("the program did not start")


def wait_for_end(processes: list[int], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while left := [process for process in processes if is_running(process)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_program_and_what_it_started_end_with_a_killed_process(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, PROGRAM, str(pids)], stderr=subprocess.DEVNULL)
    processes = wait_for(pids)
    os.kill(owner.pid, number)
    owner.wait()
    wait_for_end(processes)


def test_a_program_that_ignores_the_request_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time of grace, which is shorter here."""
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    monkeypatch.setattr(bound_program, "KEEPER", "impatient")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    with BoundProgram([sys.executable, "-c", DEAF, str(tmp_path / "pids")], path, tmp_path, tmp_path / "log"):
        processes = wait_for(tmp_path / "pids")
        began = time.monotonic()
    assert time.monotonic() - began > 1.5
    wait_for_end(processes)


def stub(port: int, path: str = "/v1", **changes: str) -> Command:
    arguments = [sys.executable, "-m", "tests.chat_server", str(port), path]
    return Command(arguments, path=path, **{"health": f"{path}/models", **changes})


def test_a_server_is_ready_in_the_block_and_gone_after_it(tmp_path: Path) -> None:
    with started(lambda port: stub(port, "/v3"), ROOT, tmp_path / "log", 30) as server:
        assert httpx2.get(f"{server.root}/v3/models").status_code == 200
        server.expect_running()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{server.root}/v3/models")
    assert "serving at" in (tmp_path / "log").read_text()


def test_a_server_that_cannot_start_is_shown_with_its_last_lines(tmp_path: Path) -> None:
    command = Command([sys.executable, "-c", "import sys; print('a'); sys.exit('no such model')"])
    with pytest.raises(PipelineError) as raised, started(lambda port: command, tmp_path, tmp_path / "log", 30):
        pass
    assert "the server ended with code 1; its last lines:" in str(raised.value)
    assert "    no such model\n  where: " in str(raised.value)


def test_a_server_that_is_not_ready_in_time_is_ended(tmp_path: Path) -> None:
    def command(port: int) -> Command:
        return stub(port, health="/never")

    with pytest.raises(PipelineError, match="was not ready after 1 seconds"), started(command, ROOT, tmp_path / "l", 1):
        pass
