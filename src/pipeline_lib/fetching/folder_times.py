"""The times of all folders below one: while they are unchanged, the names in it are."""

import os
import time
from pathlib import Path

SETTLED = 2.0  # seconds after which a further change of a folder surely changes its times, on any file system

Times = dict[str, list[int]]  # device, inode, modification and change times of a folder, by its path below the root


def folder_times(root: Path) -> Times | None:
    """Return the times of a folder and of all below it, also of linked ones.

    None where times do not decide which names are usable: with a link to a file, which may be broken without a change
    of its folder; with an unreadable folder, or one that changed just now; and with links that lead into a circle.
    """
    times: Times = {}
    folders = [("", root, frozenset[tuple[int, int]]())]
    while folders:
        name, folder, above = folders.pop()
        state = _state(folder)
        if state is None or max(state[2:]) > (time.time() - SETTLED) * 1e9 or tuple(state[:2]) in above:
            return None
        times[name] = state
        inner = above | {(state[0], state[1])}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir():
                        folders.append((f"{name}{entry.name}/", Path(entry.path), inner))
                    elif entry.is_symlink():
                        return None
        except OSError:
            return None
    return times


def unchanged(root: Path, times: Times) -> bool:
    """Return whether folders have the times that they had; only these folders are looked at."""
    return all(_state(root / name) == state for name, state in times.items())


def _state(folder: Path) -> list[int] | None:
    try:
        stat = folder.stat()
    except OSError:
        return None
    return [stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]
