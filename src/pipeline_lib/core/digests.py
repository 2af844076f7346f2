"""sha256 of files, cached per host by inode, size and times."""

import hashlib
import platform
import sqlite3
from contextlib import closing
from pathlib import Path

CACHE = Path(".vlmflow/digests")


def digest_bytes(data: bytes) -> str:
    """Return the sha256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_text(text: str) -> str:
    """Return the sha256 of `text` as UTF-8, in hexadecimal."""
    return digest_bytes(text.encode("utf-8"))


def digest_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, without the cache."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class DigestCache:
    """Digests of files that have not changed since they were last read on this host.

    Entries are keyed by (device, inode, size, mtime, ctime): an edit that restores size and mtime still changes ctime.
    """

    def __init__(self, folder: Path = CACHE) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{platform.node() or 'host'}.sqlite"
        try:
            self._create()
        except sqlite3.OperationalError:  # the disk is full, or another process holds the lock
            raise
        except sqlite3.DatabaseError:  # corrupt: the digests can be computed again
            self._path.unlink()
            self._create()

    def _create(self) -> None:
        with closing(self._connect()) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS digests (stat TEXT PRIMARY KEY, sha256 TEXT)")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=60)

    def digests(self, paths: list[Path]) -> list[str]:
        """Return the sha256 of every path, in order, reading only the files that changed."""
        keys = [_stat_key(path) for path in paths]
        with closing(self._connect()) as connection:
            known = dict(_select(connection, keys))
            fresh = {key: digest_file(path) for key, path in zip(keys, paths, strict=True) if key not in known}
            if fresh:
                with connection:
                    connection.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?)", fresh.items())
        return [known.get(key) or fresh[key] for key in keys]


def _stat_key(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_dev}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"


def _select(connection: sqlite3.Connection, keys: list[str]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        marks = ",".join("?" * len(part))
        rows += connection.execute(f"SELECT stat, sha256 FROM digests WHERE stat IN ({marks})", part).fetchall()
    return rows
