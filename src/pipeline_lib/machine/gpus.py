"""The GPUs of this machine: lists the ones that a job may use, and reserves some until the job's process ends.

The choice changes no result.
"""

import logging
import os
import platform
import re
import time
from pathlib import Path

from pipeline_lib.core import locks
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.commands import ask

FOLDER = Path(".vlmflow/gpus")
VISIBLE = "CUDA_VISIBLE_DEVICES"
POLL_SECONDS = 0.2

logger = logging.getLogger(__name__)


def visible() -> list[str]:
    """Return the UUIDs of the GPUs that a job started here may use, as `nvidia-smi -L` lists them.

    If Slurm or a user has set CUDA_VISIBLE_DEVICES, return only the GPUs that it names; numbers are nvidia-smi's. A
    name that nvidia-smi does not list is returned unchanged.
    """
    listed = _listed()
    if VISIBLE not in os.environ:
        return listed
    names = [name.strip() for name in os.environ[VISIBLE].split(",")]
    return [_uuid(name, listed) for name in names if name not in ("", "-1")]


def take(count: int = 1, folder: Path = FOLDER) -> list[str]:
    """Wait for `count` GPUs that no other job of this folder holds; raise PipelineError if too few exist.

    If torch is not imported yet, this process sees only those GPUs. It holds them until it ends in any way. On a file
    system without locks, every job gets the first GPUs.
    """
    devices = visible()
    if len(devices) < count:
        raise PipelineError(
            f"this job needs {count} GPUs and sees {len(devices)}" if devices else "this job needs a GPU and sees none",
            where=f"nvidia-smi -L, {VISIBLE}",
            value=os.environ.get(VISIBLE),
            cure="run it on a machine with enough GPUs, or set fewer `devices` in the study, or `device: cpu`",
        )
    folder.mkdir(parents=True, exist_ok=True)
    held = _free(devices, count, folder)
    os.environ[VISIBLE] = ",".join(held)
    return held


def taken() -> list[str]:
    """Return the GPUs that this process took, or that it sees because a user or Slurm chose them."""
    return [name for name in os.environ.get(VISIBLE, "").split(",") if name]


def see(gpu: str) -> None:
    """Make this process see one GPU, if torch is not imported yet."""
    os.environ[VISIBLE] = gpu


def _free(devices: list[str], count: int, folder: Path) -> list[str]:
    """Wait until enough devices are free at once and return them; hold none while waiting."""
    has_logged = False
    while True:
        held: dict[str, int] = {}
        for device in devices:
            descriptor = _lock(folder / f"{_node()}-{device.replace('/', '_')}")
            if descriptor is not None:
                held[device] = descriptor
            if len(held) == count:
                return list(held)
        for descriptor in held.values():
            os.close(descriptor)
        if not has_logged:
            logger.info("waiting for %d of %d GPUs: other jobs hold them", count, len(devices))
            has_logged = True
        time.sleep(POLL_SECONDS)


def _node() -> str:
    """Return the name of this node; GPU numbers, unlike UUIDs, are ambiguous between nodes."""
    return os.environ.get("SLURMD_NODENAME", platform.node())


def _lock(path: Path) -> int | None:
    """Lock a file and return its descriptor, or None if another process holds it; closing it releases the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    if locks.try_take(descriptor, without_locks="GPUs are not locked"):
        return descriptor
    os.close(descriptor)
    return None


def _listed() -> list[str]:
    """Return the UUIDs of all GPUs in nvidia-smi's order; MIG instances replace the GPU that has them."""
    printed, _ = ask("nvidia-smi", "-L")
    groups: list[list[str]] = []  # a GPU, then its MIG instances
    for whole, uuid in re.findall(r"^(GPU )?.*\(UUID: (\S+)\)$", printed, flags=re.MULTILINE):
        if whole:
            groups.append([uuid])
        elif groups:
            groups[-1].append(uuid)
    return [device for gpu in groups for device in (gpu[1:] or gpu)]


def _uuid(name: str, listed: list[str]) -> str:
    if name.isdecimal() and int(name) < len(listed):
        return listed[int(name)]
    return next((uuid for uuid in listed if uuid.startswith(name)), name)
