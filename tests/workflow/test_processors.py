"""The same bytes on every processor: what computes runs here, then emulated as processors of two makers."""

import shutil
import sys
from pathlib import Path

import pytest

from pipeline_lib.core.machine import machine_facts
from tests.project import Project

pytestmark = pytest.mark.long

QEMU = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
STUDY = "studies/mini.yaml"
EMULATED = {"convert", "weights", "train", "merge", "predict"}  # the others count and copy
LORA = """  lora:
    start: pretrained
    subset: half
    recipe: {name: lora, rank: 2, alpha: 4, dropout: 0.0, steps: 2, batch_size: 8, learning_rate: 1.0e-3, clip_norm: 1.0}
"""

# A Python for the jobs: those of EMULATED run on the emulated processor, and are listed.
PYTHON = """#!/bin/sh
case "$*" in
{patterns}) echo "$2" >> {listed}; exec {qemu} -cpu {processor} {python} "$@" ;;
*) exec {python} "$@" ;;
esac
"""


def few_steps(root: Path) -> Project:
    """Return a copy of the project whose study `mini` has a LoRA and two steps a training."""
    project = Project.copy(root)
    project.edit(STUDY, "steps: 5,", "steps: 2,")
    project.edit(STUDY, "save_every: 0", "save_every: 600")
    project.edit(
        STUDY,
        "\nruns:\n  untrained: {model: untrained}\n  half: {model: half}\n",
        f"{LORA}\nruns:\n  lora: {{model: lora}}\n",
    )
    return project


def emulating(project: Project, processor: str) -> Path:
    """Put a Python that emulates a processor in a folder of its own beside the project; return the folder."""
    folder = project.root.with_name(f"{processor}.bin")
    folder.mkdir()
    patterns = "|".join(f"*workflow_scripts/{stage}.py*" for stage in sorted(EMULATED))
    listed = folder / "listed"
    text = PYTHON.format(patterns=patterns, listed=listed, qemu=QEMU, processor=processor, python=sys.executable)
    (folder / "python").write_text(text)
    (folder / "python").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the study as this processor makes it."""
    project = few_steps(tmp_path_factory.mktemp("native") / "project")
    done = project.make()
    assert done.returncode == 0, done.text
    return project


@pytest.mark.skipif(QEMU is None, reason="no qemu-x86_64: install Debian's package qemu-user")
@pytest.mark.parametrize("processor", ["Haswell", "EPYC-Rome"])
def test_another_processor_makes_the_same_bytes(native: Project, tmp_path: Path, processor: str) -> None:
    project = few_steps(tmp_path / "project")
    folder = emulating(project, processor)
    path = f"{folder}:{project.environment()['PATH']}"
    done = project.run("snakemake", "-c2", "--config", "study=mini", PATH=path, timeout=1800)
    assert done.returncode == 0, done.text
    listed = {Path(line).stem for line in (folder / "listed").read_text().splitlines()}
    assert listed == EMULATED
    assert project.made() == native.made()
    sys.stdout.write(f"compared: {machine_facts()['processor']} with an emulated {processor}\n")
