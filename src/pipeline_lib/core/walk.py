"""A walk over a folder in one pass: its files, and its unusable entries with their reasons."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_lib.core.files import LISTING, STAMP

UNREADABLE, LOOP = "an unreadable folder", "a link to a folder that it lies in"
DANGLING, SPECIAL, NOT_UTF8 = "a link to nothing", "neither a file nor a folder", "its name is not UTF-8"
MOST_WAYS = 100  # in which a folder is entered: links between twenty folders can make a million paths
MANY_WAYS = f"a folder that links lead to in more than {MOST_WAYS} ways"


Identity = tuple[int, int]  # device and inode of a folder


@dataclass
class Walk:
    """The files of a folder by relative POSIX path, and the reasons why other entries are unusable.

    Linked folders are entered. Bytes of a name that are not UTF-8 are escaped. The entry of a file is None if its size
    and times are not needed.
    """

    files: dict[str, "os.DirEntry[str] | None"] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)

    def state(self, name: str) -> str:
        """Return the state of a file, see `file_state`; empty if only its name is known."""
        entry = self.files[name]
        return "" if entry is None else file_state(entry.stat())


def file_state(stat: os.stat_result) -> str:
    """Return size and times of a file as one text.

    An edit that restores size and modification time still changes ctime. A further hard link, which is no edit, changes
    ctime too: so ctime is left out for files with several links.
    """
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns if stat.st_nlink == 1 else 'linked'}"


def walk(root: Path) -> Walk:
    """Return the files and unusable entries below `root`."""
    result = Walk()
    folders: list[tuple[Path, str, frozenset[Identity]]] = [(root, "", frozenset())]
    ways: Counter[Identity] = Counter()
    while folders:
        folder, prefix, above = folders.pop()
        try:
            identity = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            result.unusable[prefix.rstrip("/") or "."] = UNREADABLE
            continue
        inode = (identity.st_dev, identity.st_ino)
        ways[inode] += 1
        if ways[inode] > MOST_WAYS:
            result.unusable[prefix.rstrip("/")] = MANY_WAYS
            continue
        above |= {inode}
        for entry in entries:
            name = prefix + entry.name
            reason = _reason(entry, above)
            if reason is not None:
                result.unusable[_printable(name)] = reason
            elif entry.is_dir():
                folders.append((Path(entry.path), f"{name}/", above))
            elif entry.name not in (STAMP, LISTING):
                result.files[name] = entry
    return result


def _reason(entry: "os.DirEntry[str]", above: frozenset[Identity]) -> str | None:
    """Return why an entry cannot be used, None for a file or a folder to enter."""
    if _printable(entry.name) != entry.name:
        return NOT_UTF8
    try:
        if entry.is_dir():
            identity = (entry.stat().st_dev, entry.stat().st_ino)
            return LOOP if entry.is_symlink() and identity in above else None
        if entry.is_file():
            return None
        return DANGLING if entry.is_symlink() and not Path(entry.path).exists() else SPECIAL
    except OSError:  # a link to itself
        return DANGLING


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
