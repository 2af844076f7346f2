"""A program with a log that ends with the process that started it, whatever ends that process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Self, Sequence

KEEPER = "pipeline_lib.machine.keeper"
TAIL_BYTES = 20_000  # read of a log for its last lines


class BoundProgram:
    """A running program; it ends at the end of the block, or when this process ends or is killed."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], folder: Path, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with log.open("wb") as file:
            self._keeper = subprocess.Popen(
                [sys.executable, "-P", "-m", KEEPER, *command],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                cwd=folder,
                env={**os.environ, **variables},
                start_new_session=True,  # Ctrl-C in a terminal reaches this process alone, which then ends it
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait()

    def exit_code(self, seconds: float = 0) -> int | None:
        """Return the program's exit code, None if it still runs after so many seconds."""
        try:
            return self._keeper.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines of its log."""
        with self._log.open("rb") as file:
            file.seek(max(0, self._log.stat().st_size - TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-count:]
