"""Processes that outlive a killed test: each is remembered by its number and start time, and ended by nothing else."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path


class Daemons:
    """The processes started from one folder, in their order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "run").mkdir(parents=True, exist_ok=True)
        (folder / "log").mkdir(exist_ok=True)

    def start(self, name: str, *command: str, **variables: str) -> None:
        """Start a process in a session of its own; what it prints goes to the folder's log."""
        with (self.folder / "log" / f"{name}.out").open("ab") as output:
            process = subprocess.Popen(
                command,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        order = len(list((self.folder / "run").iterdir()))
        (self.folder / "run" / f"{order:02d}-{name}").write_text(f"{process.pid} {began(process.pid)}")

    def stop(self) -> None:
        """End the processes, the last one first: TERM, and KILL for who does not hear it within 30 seconds.

        Then KILL for what they left: a job's processes that lost their parent are not known to Slurm without cgroups.
        """
        for mark in sorted((self.folder / "run").iterdir(), reverse=True):
            number, started = map(int, mark.read_text().split())
            _end(number, started)
            mark.unlink()
        for number in self.left():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def left(self) -> list[int]:
        """Return the processes that have the folder's configuration in their environment, as a job's have."""
        wanted, found = f"SLURM_CONF={self.folder}/slurm.conf".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:  # it has just ended
                continue
        return found

    def kill(self, name: str) -> None:
        """Kill one process, as a machine that fails does."""
        (mark,) = (self.folder / "run").glob(f"*-{name}")
        number, started = map(int, mark.read_text().split())
        if began(number) == started:
            os.kill(number, signal.SIGKILL)
        mark.unlink()

    def lacks(self, name: str) -> bool:
        """Return whether a process was killed, or never started."""
        return not list((self.folder / "run").glob(f"*-{name}"))

    def told(self) -> str:
        """Return the ends of all logs."""
        logs = sorted((self.folder / "log").iterdir())
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)


def began(number: int) -> int | None:
    """Return when a process began, in ticks of this machine's clock; None where it lives no more."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _end(number: int, started: int) -> None:
    for signal_number, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 5)):
        if began(number) != started:
            return
        os.kill(number, signal_number)
        deadline = time.monotonic() + seconds
        while began(number) == started and time.monotonic() < deadline:
            time.sleep(0.05)
