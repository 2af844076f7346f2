"""How busy the GPUs of this process are, without waiting for the answer of nvidia-smi."""

import shutil
import subprocess
import time

from pipeline_lib.machine.gpus import visible

QUERY = ("--query-gpu=uuid,utilization.gpu", "--format=csv,noheader,nounits")
PROGRAM = "nvidia-smi"
SECONDS_BETWEEN_QUERIES = 10.0


class GpuUse:
    """Asks every few seconds, in a process of its own; an answer is read when it is there."""

    def __init__(self) -> None:
        self._installed = shutil.which(PROGRAM) is not None
        self._query: subprocess.Popen[str] | None = None
        self._asked = float("-inf")
        self._latest: list[int] | None = None
        self._devices: list[str] | None = None

    def latest(self) -> list[int] | None:
        """Return the use of every GPU in percent, as last reported; None without a GPU, or before the first answer."""
        if not self._installed:
            return None
        if self._query is not None and self._query.poll() is not None:
            printed, _ = self._query.communicate()
            self._devices = self._devices or visible()
            self._query, self._latest = None, uses(printed, self._devices)
        if self._query is None and time.monotonic() - self._asked >= SECONDS_BETWEEN_QUERIES:
            self._asked = time.monotonic()
            self._query = subprocess.Popen(
                [PROGRAM, *QUERY],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        return self._latest


def uses(printed: str, devices: list[str]) -> list[int] | None:
    """Return the use in percent of those devices from nvidia-smi's table, None if it reports none of them."""
    rows = [line.split(", ") for line in printed.splitlines()]
    percent = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdecimal()}
    return [percent[device] for device in devices if device in percent] or None
