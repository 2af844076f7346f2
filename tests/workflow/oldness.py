"""Ways to make an old score untrue, and what happens meanwhile: the rows and columns of test_old_scores.py."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Callable

from tests import quick_start
from tests.project import BIN, Done, Project

STUDY = "studies/mini.yaml"
RESULTS = "results/mini"
CHECKPOINT = f"{RESULTS}/checkpoints/full"


def with_own_files(project: Project, site: Path) -> None:
    """Turn the finished study's drawn texts and questions into files of one's own: in folders, of a site, and pinned."""
    own, raw = project.root / "own", project.root / "data/raw"
    shutil.copytree(raw / "mini_conversations/000", own / "talk")
    shutil.copytree(raw / "mini_pope/000", own / "pope")
    for name, answer in (("first", None), ("second", "Something else.")):
        (site / name).mkdir(parents=True)
        shutil.copy(own / "talk/captions.json", site / name)
        if answer is not None:
            edit_answer(site / name / "captions.json", answer)
    (own / "talk/captions.json").unlink()
    labels = "".join(
        f"\n        - {{url: own/pope/labels/{path.name}, name: labels/{path.name}}}"
        for path in sorted((own / "pope/labels").iterdir())
    )
    drawn = "source: {kind: digits_conversations, part: train, scenes: 60, instruction_rows: 120, text_rows: 200}"
    captions = "\n  mini_captions:\n    source: {kind: folder, path: site:captions}"
    project.edit(STUDY, drawn, "source: {kind: folder, path: own/talk}" + captions)
    project.edit(
        STUDY, "  mini_captions:\n    dataset: mini_conversations", "  mini_captions:\n    dataset: mini_captions"
    )
    questions = f"source:\n      kind: file\n      url: own/pope/llava_pope_test.jsonl\n      also:{labels}"
    project.edit(STUDY, "source: {kind: digits_pope, part: test, scenes: 10}", questions)
    (project.root / "site.yaml").write_text(f"paths:\n  captions: {site / 'first'}\n")


def edit_answer(path: Path, answer: str) -> None:
    """Change the answer of the first conversation of a file, in place."""
    rows = json.loads(path.read_text())
    rows[0]["conversations"][-1]["value"] = answer
    path.write_text(json.dumps(rows))


def setting(project: Project) -> None:
    """Train `full` at another rate."""
    head, tail = (project.root / STUDY).read_text().split("  full:\n    start: pretrained")
    text = head + "  full:\n    start: pretrained" + tail.replace("1.0e-3", "2.0e-3", 1)
    (project.root / STUDY).write_text(text)


def code(project: Project) -> None:
    """Let the module of the recipe `full` hold one name more."""
    path = project.root / "src/pipeline_lib/recipes/full.py"
    path.write_text(path.read_text() + "\nANOTHER = 1\n")


def data(project: Project) -> None:
    """Edit one answer of a folder's file in place: names and number of files stay."""
    edit_answer(project.root / "own/talk/instructions.json", "Something else.")


def site(project: Project) -> None:
    """Let the site name another folder, with other conversations in a file of the same name."""
    project.edit("site.yaml", "/first", "/second")


def pin(project: Project) -> None:
    """Take a newer file of questions: replace it and remove the pins."""
    path = project.root / "own/pope/llava_pope_test.jsonl"
    path.write_text(path.read_text() + "\n")
    (project.root / "studies/pins.lock").unlink()


def job_fails(project: Project) -> None:
    """Run the same command; whatever has to work at a model fails."""
    assert make_with(project, "exit 1").returncode != 0


def job_killed(project: Project) -> None:
    """Run the same command; whatever has to work at a model is killed, as for want of memory."""
    assert make_with(project, "kill -9 $$").returncode != 0


def snakemake_killed(project: Project) -> None:
    """Run the same command, and kill all of it as soon as a job works at a model."""
    sign = project.root.with_name("began")
    process = project.start(
        "snakemake", "-c2", "--config", "study=mini", PATH=shims(project, f"touch {sign}; sleep 600")
    )
    while not sign.exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    sign.unlink(missing_ok=True)


def deleted(project: Project) -> None:
    """Delete the checkpoint of `full` by hand."""
    shutil.rmtree(project.root / CHECKPOINT)


def cleaned(project: Project) -> None:
    """Remove the checkpoint of `full` with `vlmflow clean`."""
    done = project.run("vlmflow", "clean", CHECKPOINT)
    assert done.returncode == 0, done.text


CHANGES: list[Callable[[Project], None]] = [setting, code, data, site, pin]
EVENTS: list[Callable[[Project], None]] = [job_fails, job_killed, snakemake_killed, deleted, cleaned]


def shims(project: Project, action: str, programs: str = str(BIN)) -> str:
    """Return a PATH with these programs, of which `python` does `action` where it is to train or to answer."""
    folder = project.root.with_name("shims")
    folder.mkdir(exist_ok=True)
    (folder / "python").write_text(
        f'#!/bin/sh\ncase "$*" in *train.py*|*predict.py*) {action};; esac\nexec {programs.split(os.pathsep)[0]}/python "$@"\n'
    )
    (folder / "python").chmod(0o755)
    return f"{folder}:{programs}:{os.environ['PATH']}"


def make_with(project: Project, action: str) -> Done:
    """Run the study with the same command, where whatever works at a model does `action` instead."""
    return project.snakemake("-c2", "--config", "study=mini", PATH=shims(project, action, quick_start.programs(())))
