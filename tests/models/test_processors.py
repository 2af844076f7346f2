"""The same bytes on every processor: what models are made of, here and emulated as processors of two makers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.machine import machine_facts
from tests.project import ROOT

pytestmark = pytest.mark.long

QEMU = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")


def made(folder: Path, *emulator: str) -> dict[str, Any]:
    """Run every stage in a process of its own and return the digests of what it made."""
    command = [*emulator, sys.executable, "-m", "tests.models.every_stage", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the digests of what this processor makes."""
    return made(tmp_path_factory.mktemp("native") / "made")


@pytest.mark.skipif(QEMU is None, reason="no qemu-x86_64: install Debian's package qemu-user")
@pytest.mark.parametrize("processor", ["Haswell", "EPYC-Rome"])
def test_another_processor_makes_the_same_bytes(native: dict[str, Any], tmp_path: Path, processor: str) -> None:
    emulated = made(tmp_path / "made", str(QEMU), "-cpu", processor)
    assert emulated["digests"] == native["digests"]
    sys.stdout.write(f"compared: {machine_facts()['processor']} with an emulated {processor}\n")


def test_a_native_run_of_this_processor_rounds_otherwise_than_a_portable_one(
    native: dict[str, Any], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.models.every_stage", str(tmp_path / "made"), "--native"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    other = json.loads(done.stdout)["digests"]
    assert other.keys() == native["digests"].keys()
    assert other["images/0.tar"] == native["digests"]["images/0.tar"]
    assert other["full/model.safetensors"] != native["digests"]["full/model.safetensors"]
