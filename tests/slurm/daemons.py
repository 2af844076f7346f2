"""Processes that outlive a killed test: each is remembered by its number and start time, and ended by nothing else."""

import os
import signal
import subprocess
import time
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
        for number in numbers():
            try:
                if variable(number, "SLURM_CONF") == f"{self.folder}/slurm.conf":
                    os.kill(number, signal.SIGKILL)
            except (KeyError, OSError):  # of no cluster, or it has just ended
                continue

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


def numbers() -> list[int]:
    """Return the numbers of all processes but this one."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if int(folder.name) != os.getpid()]


def variable(number: int, name: str) -> str:
    """Return a variable of a process's environment; KeyError where it has none, OSError where the process has ended."""
    pairs = Path(f"/proc/{number}/environ").read_text(errors="replace").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)[name]


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
