"""Remove what a killed Snakemake leaves behind: its lock on the folder, and its marks of incomplete outputs.

Unpatched, Snakemake asks the user to remove both by hand. Here an output is complete as soon as it has its name, and
records state which jobs did not end, so no finished output is removed. A job may outlive its Snakemake, so unfinished
outputs stay while any job runs; the job that makes them again removes them.
Reads the files of Snakemake 9's file persistence (`.snakemake/locks`, `.snakemake/incomplete`).
"""

import platform
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import IO

from pipeline_lib.core import locks
from pipeline_lib.core.files import partial, remove
from pipeline_lib.job.resume import any_locked

SNAKEMAKE = Path(".snakemake")
LOCK = Path(".vlmflow/locks/snakemake")


class WorkflowLock:
    """A shared lock of the Snakemake processes in this folder; each holds it until it ends."""

    def __init__(self, path: Path = LOCK) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        self._others = False  # whether another process is known to hold the lock
        self.alone = False  # whether no other process can be running; never true on a file system without locks
        try:
            self._others = not self._join()
        except OSError:
            return
        if self._others:
            locks.take(self._file, shared=True)

    def _join(self) -> bool:
        """Take an exclusive lock, set `alone` and make the lock shared; return False if others hold the lock."""
        if not locks.try_take(self._file):
            return False
        self._file.seek(0)
        self.alone = self._file.read() in ("", platform.node())  # the lock of another host may not reach here
        locks.take(self._file, shared=True)
        return True

    def clear(self, folder: Path = SNAKEMAKE) -> list[str]:
        """Remove the marks and locks of a killed Snakemake if no other runs; return the marked outputs and locks."""
        if not self.alone:
            return []
        removed = []
        idle = not any_locked()
        for mark in _marks(folder / "incomplete"):
            output = _output(mark, folder / "incomplete")
            if idle:
                remove(partial(output))
            removed.append(output.as_posix())
            mark.unlink()
        for lock in sorted((folder / "locks").glob("*.lock")):
            removed.append(lock.as_posix())
            lock.unlink()
        self._file.truncate(0)
        self._file.write(platform.node())
        self._file.flush()
        return removed

    def others_at_work(self, folder: Path = SNAKEMAKE) -> bool:
        """Return whether another Snakemake has locked this folder and is alive, as far as this host can see."""
        return self._others and any((folder / "locks").glob("*.lock"))


def snakemake_at_work() -> bool:
    """Return whether a Snakemake is at work in this folder, as far as this host can see."""
    return WorkflowLock().others_at_work()


def _marks(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "migration_underway")


def _output(mark: Path, folder: Path) -> Path:
    """Return the output that a mark names, in base64 and split where file names would be too long."""
    name = "".join(part.removeprefix("@") for part in mark.relative_to(folder).parts)
    return Path(urlsafe_b64decode(name).decode())
