"""Cache on disk of the code that each script reaches, for one state of the source, since every process needs it."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from pipeline_lib.core.digests import digest_file, digest_text
from pipeline_lib.core.files import write_text
from pipeline_lib.job.code.walk import Reach

FOLDER = Path(".vlmflow/code")


class CodeMemory:
    """The code that scripts and plug-ins reach, valid while no byte of the source changes; older states are deleted.

    Nothing is cached if the source or the cache cannot be read, or if code uses data files outside the source.
    """

    def __init__(self, source: Path, folder: Path = FOLDER) -> None:
        self._source = source
        self._folder = folder
        self._times = _times(source)
        self._state = _state(source)
        self._scripts: dict[Path, str | None] = {}  # their digests before the walk

    def recall(self, script: Path, plugins: tuple[str, ...]) -> Reach | None:
        """Return what the script and the plug-ins reach, or None if it is not cached."""
        self._scripts[script] = _digest(script)
        path = self._file(script, plugins)
        if path is None:
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return Reach(
                content["modules"],
                {module: frozenset(names) for module, names in content["names"].items()},
                frozenset(content["imported"]),
                frozenset(content["libraries"]),
                frozenset(self._source / name for name in content["data"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, script: Path, plugins: tuple[str, ...], reach: Reach) -> None:
        """Cache what was reached after `recall` returned None, unless a file has changed since."""
        path = self._file(script, plugins)
        known = {file for file, *_ in self._times or ()}
        unchanged = _times(self._source) == self._times and _digest(script) == self._scripts[script]
        if path is None or not unchanged or not known.issuperset(reach.data):
            return
        content = {
            "modules": reach.modules,
            "names": {module: sorted(names) for module, names in reach.names.items()},
            "imported": sorted(reach.imported),
            "libraries": sorted(reach.libraries),
            "data": sorted(file.relative_to(self._source).as_posix() for file in reach.data),
        }
        try:
            self._forget_other_states(path.parent)
            write_text(path, json.dumps(content))
        except OSError:
            return

    def _file(self, script: Path, plugins: tuple[str, ...]) -> Path | None:
        digest = self._scripts.get(script)
        if self._state is None or digest is None:
            return None
        key = digest_text("\0".join([script.name, digest, *plugins]))
        return self._folder / self._state / f"{key[:24]}.json"

    def _forget_other_states(self, state: Path) -> None:
        for path in self._folder.glob("*") if not state.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)


def _files(source: Path) -> list[Path]:
    """Return all files below a folder, linked folders included, except compiled Python files; sorted."""
    files: list[Path] = []
    for folder, folders, names in os.walk(source, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.endswith(".egg-info")]
        files += [path for name in names if (path := Path(folder, name)).is_file()]  # an editor's lock is a broken link
    return sorted(files)


def _times(source: Path) -> list[tuple[Path, int, int, int]] | None:
    """Return size and times of every file, or None if one vanishes meanwhile."""
    try:
        stats = {path: path.stat() for path in _files(source)}
    except OSError:
        return None
    return [(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in stats.items()]


def _state(source: Path) -> str | None:
    """Return the digest of Python's version and of every file's name and content, or None if one cannot be read."""
    total = hashlib.sha256(sys.version.encode())
    for path in _files(source):
        digest = _digest(path)
        if digest is None:
            return None
        total.update(f"{path.relative_to(source)}\0{digest}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()[:24]


def _digest(path: Path) -> str | None:
    try:
        return digest_file(path)
    except OSError:
        return None
