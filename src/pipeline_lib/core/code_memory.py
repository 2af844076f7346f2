"""What a walk over the source reached, remembered for one state of the source: every process asks for it anew."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from pipeline_lib.core.code_walk import Reach
from pipeline_lib.core.files import write_text

FOLDER = Path(".vlmflow/code")


class CodeMemory:
    """What was reached from scripts and plug-ins, as long as no byte of the source changes; older states are dropped.

    A memory that cannot be read or written remembers nothing.
    """

    def __init__(self, source: Path, folder: Path = FOLDER) -> None:
        self._source = source
        self._folder = folder
        self._times = _times(source)
        self._state = _state(source)

    def recall(self, script: Path, plugins: tuple[str, ...]) -> Reach | None:
        """Return what the script and the plug-ins reach, None where this is not known."""
        try:
            content = json.loads(self._file(script, plugins).read_text(encoding="utf-8"))
            return Reach(
                content["modules"],
                {module: frozenset(names) for module, names in content["names"].items()},
                frozenset(content["imported"]),
                frozenset(content["libraries"]),
                frozenset(self._source / path for path in content["data"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, script: Path, plugins: tuple[str, ...], reach: Reach) -> None:
        """Remember what was reached, unless the source changed while it was read."""
        if _times(self._source) != self._times:
            return
        content = {
            "modules": reach.modules,
            "names": {module: sorted(names) for module, names in reach.names.items()},
            "imported": sorted(reach.imported),
            "libraries": sorted(reach.libraries),
            "data": sorted(path.relative_to(self._source).as_posix() for path in reach.data),
        }
        try:
            self._forget_other_states()
            write_text(self._file(script, plugins), json.dumps(content))
        except OSError:
            return

    def _file(self, script: Path, plugins: tuple[str, ...]) -> Path:
        asked = "\0".join([script.name, hashlib.sha256(script.read_bytes()).hexdigest(), *plugins])
        return self._folder / self._state / f"{hashlib.sha256(asked.encode()).hexdigest()[:24]}.json"

    def _forget_other_states(self) -> None:
        for path in self._folder.glob("*") if not (self._folder / self._state).is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)


def _files(source: Path) -> list[Path]:
    """Return all files below a folder but for what Python compiles, sorted."""
    files: list[Path] = []
    for folder, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.endswith(".egg-info")]
        files += [path for name in names if (path := Path(folder, name)).is_file()]  # an editor's lock is none
    return sorted(files)


def _times(source: Path) -> list[tuple[Path, int, int, int]]:
    stats = {path: path.stat() for path in _files(source)}
    return [(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in stats.items()]


def _state(source: Path) -> str:
    """Return the digest of Python's version and of every file's name and content."""
    total = hashlib.sha256(sys.version.encode())
    for path in _files(source):
        content = path.read_bytes()
        total.update(f"{path.relative_to(source)}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        total.update(content)
    return total.hexdigest()[:24]
