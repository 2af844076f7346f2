"""What jobs made before, kept as hard links: a job whose inputs, settings and code come out the same links it back.

Snakemake runs everything below a job that ran, even where its bytes came out the same; a reused job ends at once.
One entry is kept for each set of output paths, replaced when other outputs take their place.
"""

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from pipeline_lib.core.digests import DigestCache, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import files_below, partial, remove, write_text
from pipeline_lib.core.state import outputs_name
from pipeline_lib.core.text import canonical_json, pretty_json, read_object

FOLDER = Path(".vlmflow/kept")
ENTRY = "entry.json"

logger = logging.getLogger(__name__)


class Kept:
    """The kept outputs of the jobs that write to `outputs`."""

    def __init__(self, outputs: dict[str, Path], cache: DigestCache, folder: Path = FOLDER) -> None:
        self._outputs = outputs
        self._cache = cache
        self._folder = folder / outputs_name(outputs)

    def restore(self, key: str) -> dict[str, Any] | None:
        """Link the outputs kept under `key` to their partial names and return the record of their making.

        Return None, and link nothing, where none are kept under this key or one of them was altered.
        """
        if not (self._folder / ENTRY).is_file():
            return None
        try:
            entry = read_object(self._folder / ENTRY)
            digests = field(entry, "files", dict, self._folder / ENTRY)
            record = field(entry, "record", dict, self._folder / ENTRY)
        except PipelineError as error:
            logger.warning("what was kept in %s is not reused: %s", self._folder, error)
            return None
        files = [self._folder / name for name in digests]
        if entry.get("key") != key or not all(file.is_file() for file in files):
            return None
        if self._cache.digests(files) != list(digests.values()):
            logger.warning("what was kept in %s was altered; it is not reused", self._folder)
            return None
        for name, path in self._outputs.items():
            _link(self._folder / name, partial(path))
        return record

    def keep(self, key: str, record: dict[str, Any]) -> None:
        """Keep the outputs, which stand under their final names, with the record of their making."""
        remove(self._folder)
        try:
            for name, path in self._outputs.items():
                _link(path, self._folder / name)
        except OSError as error:  # a file system without hard links: everything works, nothing is reused
            logger.warning("outputs are not kept for reuse: %s", error)
            remove(self._folder)
            return
        files = [file for name in self._outputs for file in _files(self._folder / name)]
        digests = dict(zip(files, self._cache.digests(files), strict=True))
        listed = {file.relative_to(self._folder).as_posix(): digest for file, digest in digests.items()}
        write_text(self._folder / ENTRY, pretty_json({"key": key, "files": listed, "record": record}))


def reuse_key(record: dict[str, Any], outputs: dict[str, Path]) -> str:
    """Return the digest of all that decides the outputs' bytes, and of their names."""
    parts = [record[name] for name in ("settings", "code", "libraries", "inputs", "roles")]
    names = {name: path.as_posix() for name, path in outputs.items()}
    return digest_text(canonical_json([*parts, names]))


def _files(path: Path) -> list[Path]:
    return files_below(path) if path.is_dir() else [path]


def _link(source: Path, target: Path) -> None:
    """Make `target` hold the files of `source` as hard links; symbolic links stay such."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, copy_function=_link_file)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_file(source, target)


def _link_file(source: str | Path, target: str | Path) -> None:
    os.link(source, target, follow_symlinks=False)
