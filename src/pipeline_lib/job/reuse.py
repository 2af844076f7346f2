"""Reuse cache: hard links to earlier outputs; a job with equal inputs, settings and code links them back.

Snakemake reruns everything downstream of a job that ran, even if its outputs are equal; a reused job ends at once.
The cache has one entry per set of output paths; new outputs replace it. A stage whose outputs do not depend on its own
name or study, such as a training, also reuses an equal job of another one.
"""

import logging
import os
import shutil
from pathlib import Path
from typing import Any, Callable

from pipeline_lib.core.digests import DigestCache, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import files_below, partial, remove, write_text
from pipeline_lib.core.text import canonical_json, pretty_json, read_object
from pipeline_lib.job.manifest import SUFFIX, Entry, manifest_texts
from pipeline_lib.job.record import check_record
from pipeline_lib.job.resume import outputs_name

FOLDER = Path(".vlmflow/kept")
ENTRY = "entry.json"

logger = logging.getLogger(__name__)


class ReuseCache:
    """The cached outputs of the jobs that write to `outputs`."""

    def __init__(self, outputs: dict[str, Path], cache: DigestCache, folder: Path = FOLDER) -> None:
        self._outputs = outputs
        self._cache = cache
        self._root = folder
        self._folder = folder / outputs_name(outputs)

    def restore(self, key: str, holds: Callable[[dict[str, Any]], bool] = lambda notes: True) -> dict[str, Any] | None:
        """Link the outputs cached under `key` to their partial names and return the record of the job that made them.

        Link nothing and return None if there are none under this key, if one was altered, or if `holds` returns False
        for the record's notes: the job would make other outputs now.
        """
        entry = self._entry(self._folder)
        if entry is None or entry["key"] != key or not holds(entry["record"]["notes"]):
            return None
        record: dict[str, Any] = entry["record"]
        return record if self._link_all(self._folder, entry) else None

    def restore_equal(
        self, record: dict[str, Any], holds: Callable[[dict[str, Any]], bool] = lambda notes: True
    ) -> dict[str, Any] | None:
        """Link the outputs of a job of any name with the settings, code, libraries and input manifests of `record`.

        Return the record of the job that made them; None if there is none, as in `restore`. Accepted outputs are those
        of other settings, accepted for their own job alone.
        """
        stated, wanted = f'"{record["code"]}"', _nameless(record)
        for file in sorted(self._root.glob(f"*/{ENTRY}")):
            if file.parent == self._folder or stated not in _text(file):
                continue
            entry = self._entry(file.parent)
            if entry is None or self._outputs.keys() != entry["outputs"].keys():
                continue
            made: dict[str, Any] = entry["record"]
            equal = not made["accepted"] and _nameless(made) == wanted and holds(made["notes"])
            if equal and self._link_all(file.parent, entry):
                return made
        return None

    def _entry(self, folder: Path) -> dict[str, Any] | None:
        """Return the entry of cached outputs; None without a readable one."""
        if not (folder / ENTRY).is_file():
            return None
        try:
            return read_entry(folder / ENTRY)
        except PipelineError as error:
            logger.warning("the cached outputs in %s are not reused: %s", folder, error)
            return None

    def _link_all(self, folder: Path, entry: dict[str, Any]) -> bool:
        """Link cached outputs; link nothing and return False if they were altered, or replaced meanwhile."""
        try:
            fault = entry_fault(folder, entry, self._cache)
            if fault is None:
                for name, path in self._outputs.items():
                    _link(folder / name, partial(path))
                whole = self._entry(folder) == entry and self._partial_files() == entry["files"].keys()
                fault = None if whole else "another job replaced them meanwhile"
        except (OSError, ValueError, PipelineError) as error:  # replaced meanwhile, another disk, another user's
            fault = f"they cannot be linked: {error}"
        if fault is None:
            return True
        for path in self._outputs.values():
            remove(partial(path))
        logger.warning("the cached outputs in %s are not reused: %s", folder, fault)
        return False

    def _partial_files(self) -> set[str]:
        """Return the names of the outputs' files under their partial names, as an entry lists them."""
        names = set()
        for name, path in self._outputs.items():
            for file in _files(partial(path)):
                names.add((Path(name) / file.relative_to(partial(path))).as_posix())
        return names

    def keep(self, key: str, record: dict[str, Any]) -> None:
        """Cache the outputs, which have their final names, with the record of the job that made them."""
        remove(self._folder)
        try:
            for name, path in self._outputs.items():
                _link(path, self._folder / name)
        except OSError as error:  # a file system without hard links: nothing is reused
            logger.warning("outputs are not cached for reuse: %s", error)
            remove(self._folder)
            return
        files = [file for name in self._outputs for file in _files(self._folder / name)]
        digests = dict(zip(files, self._cache.digests(files), strict=True))
        listed = {file.relative_to(self._folder).as_posix(): digest for file, digest in digests.items()}
        paths = {name: path.as_posix() for name, path in self._outputs.items()}
        entry = {"key": key, "outputs": paths, "files": listed, "record": record}
        write_text(self._folder / ENTRY, pretty_json(entry))


def read_entry(path: Path) -> dict[str, Any]:
    """Return the description of cached outputs; raise PipelineError if it is broken or of an older version."""
    entry = read_object(path)
    field(entry, "key", str, path)
    for name in ("outputs", "files"):
        for key in field(entry, name, dict, path):
            field(entry[name], key, str, path)
    check_record(field(entry, "record", dict, path), path)
    return entry


def entry_fault(folder: Path, entry: dict[str, Any], cache: DigestCache) -> str | None:
    """Return what is wrong with cached outputs; None if their bytes match their record.

    The record states the digest of the manifest, and the manifest states the digest of every file.
    """
    files = {name: folder / name for name in entry["files"]}
    missing = next((name for name, file in files.items() if not file.is_file()), None)
    if missing is not None:
        return f"{missing} is missing"
    digests = dict(zip(files, cache.digests(list(files.values())), strict=True))
    altered = next((name for name, digest in entry["files"].items() if digests[name] != digest), None)
    if altered is not None:
        return f"{altered} was altered"
    same = _recorded_outputs(folder, entry, digests).items() <= entry["record"]["outputs"].items()
    return None if same else "its record states other digests"


def _recorded_outputs(folder: Path, entry: dict[str, Any], digests: dict[str, str]) -> dict[str, str]:
    """Return the digests that the record must state for cached files: one per file, or that of their manifest."""
    paths = {name: Path(path) for name, path in entry["outputs"].items()}
    finals = {name: paths[name.split("/")[0]].joinpath(*name.split("/")[1:]) for name in digests}
    manifests = [Path(path) for path in entry["record"]["outputs"] if path.endswith(SUFFIX)]
    if not manifests:
        return {final.as_posix(): digests[name] for name, final in finals.items()}
    (manifest,) = manifests
    entries = [
        Entry(final.relative_to(manifest.parent).as_posix(), (folder / name).stat().st_size, digests[name])
        for name, final in finals.items()
    ]
    top = next((path.name for name, path in paths.items() if (folder / name).is_dir()), "")
    return {manifest.as_posix(): digest_text(manifest_texts(entries, top)[0])}


def reuse_key(record: dict[str, Any], outputs: dict[str, Path]) -> str:
    """Return the digest of everything that determines the outputs' bytes, and of their names."""
    parts = [record[name] for name in ("settings", "code", "libraries", "inputs", "roles")]
    names = {name: path.as_posix() for name, path in outputs.items()}
    return digest_text(canonical_json([*parts, names]))


def _nameless(record: dict[str, Any]) -> list[Any]:
    """Return what determines the bytes of outputs that depend on no name: the inputs of each role by their digests."""
    inputs = record["inputs"]
    roles = {name: [inputs.get(path, path) for path in paths or ()] for name, paths in record["roles"].items()}
    return [record["stage"], record["settings"], record["code"], record["libraries"], roles]


def _text(file: Path) -> str:
    """Return the text of an entry; empty if it cannot be read, as one that another job removes at this moment."""
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _files(path: Path) -> list[Path]:
    return files_below(path) if path.is_dir() else [path]


def _link(source: Path, target: Path) -> None:
    """Hard-link the files of `source` into `target`; symbolic links stay symbolic links."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, copy_function=_link_file)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_file(source, target)


def _link_file(source: str | Path, target: str | Path) -> None:
    os.link(source, target, follow_symlinks=False)
