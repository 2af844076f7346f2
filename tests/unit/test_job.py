"""A job as a process: what it leaves when it succeeds, fails, or is ended."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline_lib.job.code.digest import code_digest

SCRIPT = '''"""A stage for tests."""

import time

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.machine.numerics import DeviceSettings


class What(DeviceSettings):
    """What happens."""

    happens: str
    threads: int = 1


def work(job: Job[What]) -> None:
    """Write half an output, then do what the settings say."""
    job.output("made").write_text("half")
    if job.settings.happens == "mistake":
        raise PipelineError("this is wrong", where="row 3", value=7, cure="mend it")
    if job.settings.happens == "bug":
        raise RuntimeError("unforeseen")
    if job.settings.happens == "wait":
        time.sleep(60)
    job.output("made").write_text("whole")


if __name__ == "__main__":
    run("stage", What, work, outputs=["made"])
'''


@pytest.fixture()
def script(tmp_path: Path) -> Path:
    path = tmp_path / "stage.py"
    path.write_text(SCRIPT)
    return path


def command(script: Path, settings: str, *more: str) -> list[str]:
    names = [
        "--made",
        "made.txt",
        "--manifest",
        "made.manifest.json",
        "--record",
        "records/stage/a.json",
        "--log",
        "a.log",
    ]
    return [sys.executable, "-P", str(script), *names, "--settings", settings, "--code", code_digest(script), *more]


def record_of(script: Path) -> dict:
    return json.loads((script.parent / "records/stage/a.json").read_text())


def run_script(script: Path, settings: str, *more: str) -> tuple[int, str]:
    done = subprocess.run(
        command(script, settings, *more), cwd=script.parent, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stderr


def left_over(script: Path) -> set[str]:
    return {
        path.name
        for path in script.parent.iterdir()
        if path.name not in (".vlmflow", "stage.py", "a.log", "a.progress.jsonl", "records")
    }


def test_a_job_that_succeeds_leaves_output_manifest_and_record(script: Path) -> None:
    code, _ = run_script(script, '{"happens": "nothing"}')
    assert code == 0
    assert (script.parent / "made.txt").read_text() == "whole"
    assert left_over(script) == {"made.txt", "made.manifest.json"}
    record = record_of(script)
    assert (record["exit"], record["error"], record["settings"]["happens"]) == (0, None, "nothing")
    assert set(record["outputs"]) == {"made.manifest.json"} and record["machine"]["processor"]


@pytest.mark.parametrize(
    ("happens", "shown"),
    [
        ("mistake", "[stage a] this is wrong\n  where: row 3\n  value: 7\n  cure:  mend it"),
        ("bug", "RuntimeError: unforeseen"),
    ],
)
def test_a_job_that_fails_leaves_its_record_alone(script: Path, happens: str, shown: str) -> None:
    code, error = run_script(script, json.dumps({"happens": happens}))
    assert code == 1 and shown in error
    assert left_over(script) == set()
    assert record_of(script)["exit"] == 1 and record_of(script)["error"]
    assert ("Traceback" in error) == (happens == "bug")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_job_that_is_ended_leaves_its_record_alone(script: Path, number: int) -> None:
    process = subprocess.Popen(command(script, '{"happens": "wait"}'), cwd=script.parent, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while not (script.parent / ".made.txt.partial").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=300) == 1
    assert left_over(script) == set()
    assert record_of(script)["error"] == "interrupted"


def test_what_a_killed_job_left_is_cleared_by_the_next(script: Path) -> None:
    (script.parent / ".made.txt.partial").mkdir()
    assert run_script(script, '{"happens": "nothing"}')[0] == 0
    assert left_over(script) == {"made.txt", "made.manifest.json"}


def test_settings_of_another_stage_are_refused(script: Path) -> None:
    code, error = run_script(script, '{"happened": "nothing"}')
    assert code == 1 and "are not valid for the stage" in error and "happened" in error


def test_other_libraries_than_planned_are_refused(script: Path) -> None:
    code, error = run_script(script, '{"happens": "nothing"}', "--libs", "pillow==0.1")
    assert code == 1 and "pillow" in error and "make setup" in error


def test_a_job_on_a_gpu_sees_its_own_alone_and_a_reused_one_needs_none(script: Path) -> None:
    settings = '{"happens": "nothing", "device": "cuda"}'
    run = {"cwd": script.parent, "timeout": 60, "check": False}
    none = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    assert subprocess.run(command(script, settings), **run, env=none).returncode == 1
    assert "needs a GPU and sees none" in record_of(script)["error"]
    two = {**os.environ, "CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b"}
    assert subprocess.run(command(script, settings), **run, env=two).returncode == 0
    assert record_of(script)["machine"]["environment"]["CUDA_VISIBLE_DEVICES"] == "GPU-a"
    assert subprocess.run(command(script, settings), **run, env=none).returncode == 0
    assert record_of(script)["reused"]
