"""Handle TERM: a training notices it between two steps, saves its state, and ends."""

import multiprocessing
import signal
from types import FrameType
from typing import Any, Self


class StopSignal:
    """Records TERM while entered, instead of ending at once. Slurm sends it some time before a job's time limit."""

    def __init__(self) -> None:
        self.received = False

    def __enter__(self) -> Self:
        self._before: Any = signal.signal(signal.SIGTERM, self._receive)
        return self

    def __exit__(self, *raised: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        """Record the signal and pass it on to the processes that this one has started."""
        self.received = True
        for child in multiprocessing.active_children():
            child.terminate()
