"""The GPUs of this machine: which ones a job may use, and some for each job alone until its process ends.

Which of them a job gets changes no result.
"""

import fcntl
import logging
import os
import platform
import re
import time
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.commands import ask

FOLDER = Path(".vlmflow/gpus")
VISIBLE = "CUDA_VISIBLE_DEVICES"
SECONDS_BETWEEN_LOOKS = 0.2

logger = logging.getLogger(__name__)


def visible() -> list[str]:
    """Return the UUIDs of the GPUs that a job started here may use, as `nvidia-smi -L` lists them.

    Where Slurm or a person has set CUDA_VISIBLE_DEVICES, those that it names alone; numbers are those of nvidia-smi.
    A name that nvidia-smi does not know stays as it is.
    """
    listed = _listed()
    if VISIBLE not in os.environ:
        return listed
    names = [name.strip() for name in os.environ[VISIBLE].split(",")]
    return [_uuid(name, listed) for name in names if name not in ("", "-1")]


def take(count: int = 1, folder: Path = FOLDER) -> list[str]:
    """Return `count` GPUs that no other job of this folder holds, waiting for them; too few raise PipelineError.

    From here on this process sees those alone, if torch is not imported yet, and holds them until it ends, however.
    A file system without locks gives the first ones to everybody.
    """
    devices = visible()
    if len(devices) < count:
        raise PipelineError(
            f"this job needs {count} GPUs and sees {len(devices)}" if devices else "this job needs a GPU and sees none",
            where=f"nvidia-smi -L, {VISIBLE}",
            value=os.environ.get(VISIBLE),
            cure="run it where there are as many, or let the study's `devices` say fewer, or `device: cpu`",
        )
    folder.mkdir(parents=True, exist_ok=True)
    held = _free(devices, count, folder)
    os.environ[VISIBLE] = ",".join(held)
    return held


def _free(devices: list[str], count: int, folder: Path) -> list[str]:
    """Return the first devices that are free at one moment; none is held while others are waited for."""
    told = False
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
        if not told:
            logger.info("waiting for %d of %d GPUs: other jobs hold them", count, len(devices))
            told = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _node() -> str:
    """Return the name of this node: numbers of GPUs, unlike UUIDs, are those of another node too."""
    return os.environ.get("SLURMD_NODENAME", platform.node())


def _lock(path: Path) -> int | None:
    """Return an open file that this process now holds, None where another does; the lock ends with it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        logger.warning("GPUs are not locked: %s", error)
    return descriptor


def _listed() -> list[str]:
    """Return the UUIDs of all GPUs in nvidia-smi's order; one that is cut into MIG instances is those instances."""
    printed, _ = ask("nvidia-smi", "-L")
    found: list[list[str]] = []
    for whole, uuid in re.findall(r"^(GPU )?.*\(UUID: (\S+)\)$", printed, flags=re.MULTILINE):
        if whole:
            found.append([uuid])
        elif found:
            found[-1].append(uuid)
    return [device for gpu in found for device in (gpu[1:] or gpu)]


def _uuid(name: str, listed: list[str]) -> str:
    if name.isdecimal() and int(name) < len(listed):
        return listed[int(name)]
    return next((uuid for uuid in listed if uuid.startswith(name)), name)
