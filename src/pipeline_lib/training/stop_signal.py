"""The notice that a process must end, TERM: a training takes it between two steps, keeps its state, and ends."""

import multiprocessing
import signal
from types import FrameType
from typing import Any, Self


class StopSignal:
    """Hears TERM while it is entered, instead of ending at once. Slurm sends it some time before a job's limit."""

    def __init__(self) -> None:
        self.heard = False

    def __enter__(self) -> Self:
        self._before: Any = signal.signal(signal.SIGTERM, self._hear)
        return self

    def __exit__(self, *raised: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """Note it, and tell the processes that this one has started."""
        self.heard = True
        for child in multiprocessing.active_children():
            child.terminate()
