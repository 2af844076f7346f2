"""The GPUs of this machine: which ones a job may use, and one for each job alone until its process ends.

Which of them a job gets changes no result.
"""

import fcntl
import logging
import os
import re
import subprocess
import time
from pathlib import Path

from pipeline_lib.core.errors import PipelineError

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


def take(folder: Path = FOLDER) -> str:
    """Return a GPU that no other job of this folder holds, waiting for one; no GPU at all raises PipelineError.

    From here on this process sees that GPU alone, if torch is not imported yet, and holds it until it ends, however.
    A file system without locks gives the first one to everybody.
    """
    devices = visible()
    if not devices:
        raise PipelineError(
            "this job needs a GPU and sees none",
            where=f"nvidia-smi -L, {VISIBLE}",
            value=os.environ.get(VISIBLE),
            cure="run it where there is a GPU, or let the study say `device: cpu`",
        )
    folder.mkdir(parents=True, exist_ok=True)
    device = _first_free(devices, folder)
    os.environ[VISIBLE] = device
    return device


def _first_free(devices: list[str], folder: Path) -> str:
    told = False
    while True:
        for device in devices:
            if _lock(folder / device.replace("/", "_")):
                return device
        if not told:
            logger.info("waiting for a GPU: other jobs hold all %d", len(devices))
            told = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _lock(path: Path) -> bool:
    """Return whether this process now holds the file; it is never closed, so that the lock ends with the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError as error:
        logger.warning("GPUs are not locked: %s", error)
    return True


def _listed() -> list[str]:
    """Return the UUIDs of all GPUs in nvidia-smi's order; one that is cut into MIG instances is those instances."""
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    found: list[list[str]] = []
    for whole, uuid in re.findall(r"^(GPU )?.*\(UUID: (\S+)\)$", done.stdout, flags=re.MULTILINE):
        if whole:
            found.append([uuid])
        elif found:
            found[-1].append(uuid)
    return [device for gpu in found for device in (gpu[1:] or gpu)]


def _uuid(name: str, listed: list[str]) -> str:
    if name.isdecimal() and int(name) < len(listed):
        return listed[int(name)]
    return next((uuid for uuid in listed if uuid.startswith(name)), name)
