"""A checkpoint behind a server that its predict job starts: through Snakemake to the score, and killed half-way."""

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.project import Done, Project
from tests.recordings import read_lines
from tests.unit.test_own_server import PROGRAM, wait_for, wait_for_end

STUB = {"name": "command", "path": "/v3", "command": [sys.executable, "-m", "tests.chat_server", "{port}", "/v3"]}
ENGINE: dict[str, Any] = {"name": "server", "program": STUB}
RUN = "runs:\n  served: "
RESULTS = "results/mini"
ANSWERS = f"{RESULTS}/answers/served/pope.jsonl"
SCORE = f"{RESULTS}/scores/served/pope.json"


def write_study(project: Project, **engine: Any) -> None:
    """Let the study have a run behind a server; `engine` changes its engine."""
    study = project.root / "studies/mini.yaml"
    run = json.dumps({"model": "full", "engine": ENGINE | engine})
    study.write_text(re.sub(r"^runs:\n(  served: .*\n)?", lambda match: f"{RUN}{run}\n", study.read_text(), flags=re.M))


@pytest.fixture(scope="module")
def served(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which that run has been asked and scored, with one core."""
    project = finished.clone(tmp_path_factory.mktemp("served") / "project")
    write_study(project)
    done = make(project)
    assert done.returncode == 0, done.text[-3000:]
    return project


def make(project: Project, *options: str) -> Done:
    return project.snakemake("-c1", *options, "--config", "study=mini", "--", SCORE, PYTHONPATH=python_path(project))


def python_path(project: Project) -> str:
    """Return a path with this copy's library, and the stub, which runs in the folder of the export."""
    return os.pathsep.join([str(project.root / "src"), str(project.root), os.environ.get("PYTHONPATH", "")])


def test_its_answers_name_the_checkpoint_and_what_the_server_named_itself(served: Project) -> None:
    answers = read_lines(served.root / ANSWERS)
    assert answers and all(answer["text"] == f"{answer['prompt']}!" for answer in answers)
    model = json.loads((served.root / "results/mini/records/predict/served-pope.json").read_text())["inputs"]
    said = {"program": "command", "version": None, "served": "stub-2026-11-01", "fingerprint": "fp_stub"}
    for answer in answers:
        assert answer["metadata"]["server"] == said
        assert answer["metadata"]["model"] in model.values()
    score = json.loads((served.root / SCORE).read_text())
    assert (score["missing"], score["failed"]) == (0, 0)


def test_its_log_is_kept_and_the_server_is_gone(served: Project) -> None:
    log = served.root / "results/mini/logs/serve/served-pope.log"
    (line,) = [line for line in log.read_text().splitlines() if line.startswith("serving at ")]
    assert line.endswith("/v3")
    assert served.leftovers() == []


def test_one_question_is_asked_of_the_server_too(served: Project) -> None:
    asked = ("vlmflow", "ask", "served", "Are you there?", "--study", "mini", "--verbose")
    done = served.run(*asked, PYTHONPATH=python_path(served))
    assert done.returncode == 0, done.text
    assert "'program': 'command'" in done.text and done.text.endswith("\nAre you there?!\n")


def test_what_only_reaches_or_runs_the_server_asks_nothing_again(served: Project, tmp_path: Path) -> None:
    def planned(**engine: Any) -> bool:
        write_study(served, **engine)
        done = make(served, "-n")
        assert done.returncode == 0, done.text[-3000:]
        return "rule predict" in done.text

    assert not planned(ready_within=60, gpus=2, access={"concurrency": 2})
    assert planned(program={**STUB, "command": [*STUB["command"], "--more"]})
    assert planned(program=STUB, sends=[])


@pytest.mark.parametrize(
    "group",
    [pytest.param(False, id="its job", marks=pytest.mark.long), pytest.param(True, id="snakemake and its jobs")],
)
def test_no_server_survives_a_kill(served: Project, tmp_path: Path, group: bool) -> None:
    pids = tmp_path / "pids"
    write_study(served, program={"name": "command", "command": [sys.executable, "-c", PROGRAM, str(pids), "{port}"]})
    run = served.start("snakemake", "-c1", "--config", "study=mini", "--", SCORE, PYTHONPATH=python_path(served))
    processes = wait_for(pids, 120)
    if group:
        os.killpg(run.pid, signal.SIGKILL)
    else:
        os.kill(parent(parent(processes[0])), signal.SIGKILL)  # the job; between the two is the server's keeper
    wait_for_end(processes)
    run.wait(60)


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
