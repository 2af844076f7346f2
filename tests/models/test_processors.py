"""The same bytes on every processor: what models are made of, here and emulated as processors of two makers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.machine.facts import machine_facts
from pipeline_lib.machine.numerics import Numerics, NumericSettings
from tests.project import ROOT

pytestmark = pytest.mark.long

QEMU = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")


def made(folder: Path, *emulator: str, numerics: Numerics = "portable") -> dict[str, Any]:
    """Run every stage in a process of its own and return the digests of what it made."""
    command = [*emulator, sys.executable, "-m", "tests.models.every_stage", str(folder), numerics]
    variables = NumericSettings(threads=1, numerics=numerics).variables()
    environment = {**os.environ, **variables, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    digests: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # DeepSpeed writes above it
    return digests


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the digests of what this processor makes."""
    return made(tmp_path_factory.mktemp("here") / "made")


@pytest.mark.skipif(QEMU is None, reason="no qemu-x86_64: install Debian's package qemu-user")
@pytest.mark.parametrize("processor", ["Haswell", "EPYC-Rome"])
def test_another_processor_makes_the_same_bytes(here: dict[str, Any], tmp_path: Path, processor: str) -> None:
    assert made(tmp_path / "made", str(QEMU), "-cpu", processor) == here
    sys.stdout.write(f"compared: {machine_facts()['processor']} with an emulated {processor}\n")


def test_native_numerics_round_otherwise(here: dict[str, Any], tmp_path: Path) -> None:
    other = made(tmp_path / "made", numerics="native")
    assert other.keys() == here.keys()
    assert other["images/0.tar"] == here["images/0.tar"]
    assert other["full/model.safetensors"] != here["full/model.safetensors"]
