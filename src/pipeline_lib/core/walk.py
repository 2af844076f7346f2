"""One pass over a folder: its files, and what in it cannot be used, each with its reason."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_lib.core.files import LISTING, STAMP

UNREADABLE, LOOP = "a folder that cannot be read", "a link to a folder that it lies in"
DANGLING, SPECIAL, NOT_UTF8 = "a link to nothing", "neither a file nor a folder", "its name is not UTF-8"
MOST_WAYS = 100  # by which one folder is entered: links from folder to folder make a million ways of twenty folders
MANY_WAYS = f"a folder that links lead to in more than {MOST_WAYS} ways"


Identity = tuple[int, int]  # device and inode of a folder


@dataclass
class Walk:
    """The files of a folder by their POSIX paths below it, and the reason for everything else that is no folder.

    Linked folders are entered. A name that is not UTF-8 stands with its odd bytes escaped. A file whose size and time
    nobody asks for has no entry.
    """

    files: dict[str, "os.DirEntry[str] | None"] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)

    def state(self, name: str) -> str:
        """Return the state of a file, see `file_state`; empty where only its name is known."""
        entry = self.files[name]
        return "" if entry is None else file_state(entry.stat())


def file_state(stat: os.stat_result) -> str:
    """Return size and times of a file as one text.

    An edit that puts size and modification time back moves the time of change. So does a further hard link, which is
    no edit: of a file with several, that time does not count.
    """
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns if stat.st_nlink == 1 else 'linked'}"


def walk(root: Path) -> Walk:
    """Return what lies below `root`."""
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
    """Return why an entry cannot be used, None where it is a file or a folder to enter."""
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
