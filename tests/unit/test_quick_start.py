"""A program of the workflow's tests that starts in a fork sees and does what it would in a process of its own."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import quick_start
from tests.quick_client import EACH_ITS_OWN
from tests.quick_start import BIN

SCRIPT = "workflow_scripts/look.py"
LOOK = """
import json, os, sys, threading
umask = os.umask(0)
print(json.dumps([__name__, sys.argv, sys.path, os.getcwd(), umask, dict(os.environ), os.isatty(1), sys.stdin.read()]))
print([name for name in sys.modules if name.partition(".")[0] == "pipeline_lib"], threading.active_count(), file=sys.stderr)
"""
WAIT = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n"


@pytest.fixture()
def quick() -> Path:
    """Return the folder of the programs that start in forks."""
    folder = Path(quick_start.python()).parent
    if folder == BIN:
        pytest.skip("no process identifiers as files here")
    return folder


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    (tmp_path / "workflow_scripts").mkdir()
    return tmp_path


def run(program: Path, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [program, *options, SCRIPT, "--settings", "{}"]
    variables = {**os.environ, "PYTHONPATH": f"{folder}:{folder}/src", "ONE_MORE": "ü\n"}
    return subprocess.run(
        command, cwd=folder, env=variables, input="typed", capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("options", [(), ("-P",)])
def test_it_sees_what_a_process_of_its_own_would(quick: Path, folder: Path, options: tuple[str, ...]) -> None:
    (folder / SCRIPT).write_text(LOOK)
    seen = []
    for program in (BIN, quick):
        done = run(program / "python", folder, *options)
        assert (done.returncode, done.stderr) == (0, "[] 1\n")
        *first, variables, terminal, typed = json.loads(done.stdout)
        alike = {name: value for name, value in variables.items() if name not in EACH_ITS_OWN}
        seen.append([*first, alike, terminal, typed])
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "ending",
    ["pass", "import sys; sys.exit(3)", "import sys; sys.exit('why')", "1 / 0", "import os; os.kill(os.getpid(), 9)"],
)
def test_it_ends_as_a_process_of_its_own_would(quick: Path, folder: Path, ending: str) -> None:
    (folder / SCRIPT).write_text(f"import atexit\natexit.register(print, 'the end')\n{ending}\n")
    alone, forked = (run(program / "python", folder) for program in (BIN, quick))
    assert (forked.returncode, forked.stdout) == (alone.returncode, alone.stdout)
    assert forked.stderr.splitlines()[-1:] == alone.stderr.splitlines()[-1:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_who_ends_the_client_ends_the_program(quick: Path, folder: Path, number: int) -> None:
    (folder / SCRIPT).write_text(WAIT)
    with subprocess.Popen(
        [quick / "python", SCRIPT], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as client:
        assert client.stdout is not None
        process = int(client.stdout.readline())
        client.send_signal(number)
        assert client.wait(60) == -number
    deadline = time.monotonic() + 60
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < deadline, "the program outlives its client"
        time.sleep(0.01)


def test_a_job_of_slurm_starts_in_a_process_of_its_own(quick: Path, folder: Path) -> None:
    (folder / SCRIPT).write_text(WAIT)
    variables = {**os.environ, "SLURM_JOB_ID": "1"}
    with subprocess.Popen([quick / "python", SCRIPT], cwd=folder, env=variables, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert int(client.stdout.readline()) == client.pid
        client.kill()
