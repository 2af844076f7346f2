"""Manifest: what an artefact is. Every file that a job made, its size and its sha256.

Nothing stands in it that two equal makings differ in. It stays small, since Snakemake compares files by content only
up to 1 MB: beyond `INLINE` files the list stands in the folder itself, and the manifest holds that list's digest.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lib.core.digests import DigestCache, digest_file, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field, typed
from pipeline_lib.core.files import LISTING, files_below, write_text
from pipeline_lib.core.reading import read_text
from pipeline_lib.core.text import canonical_json, pretty_json, read_object, read_rows_with_place

SCHEMA = 1
INLINE = 1000
SUFFIX = ".manifest.json"
LONGEST_NAME, LONGEST_PATH = 255, 3000  # bytes of a file's name and of its path, which Linux limits


@dataclass(frozen=True)
class Entry:
    """One file of an artefact: its path relative to the manifest's folder, its size in bytes, its sha256."""

    path: str
    size: int
    sha256: str


class Manifest:
    """A manifest read from disk; hands out paths whose bytes are what it says."""

    def __init__(self, path: Path, cache: DigestCache) -> None:
        self.path = path
        self.sha256 = digest_text(_read(path))
        self.entries = read_entries(path)
        self._cache = cache

    def file(self, name: str) -> Path:
        """Return the path of the file `name`, verified; raise PipelineError where it is absent or altered."""
        matching = [entry for entry in self.entries if entry.path == name]
        if not matching:
            raise PipelineError(f"no file {name!r} in this manifest", where=self.path)
        return self._verify(matching)[0]

    def twin(self, suffix: str) -> Path:
        """Return the file named like this manifest but for its suffix, verified."""
        return self.file(self.path.name.removesuffix(SUFFIX) + suffix)

    def only_file(self) -> Path:
        """Return the path of the one file of this artefact, verified."""
        if len(self.entries) != 1:
            raise PipelineError(f"expected one file, found {len(self.entries)}", where=self.path)
        return self._verify(self.entries)[0]

    def folder(self) -> Path:
        """Return the folder that is named like this manifest, every file verified and none beside those listed."""
        self._verify(self.entries)
        folder = self.path.parent / self.path.name.removesuffix(SUFFIX)
        if not folder.is_dir():
            raise PipelineError("expected a folder", where=folder)
        strange = unlisted(folder, self.entries)
        if strange:
            raise PipelineError(
                f"this file is not in {self.path}", where=strange[0], cure="remove it: a loader might read it"
            )
        return folder

    def below(self, name: str) -> Path:
        """Return the path of the file or folder `name`, every file of it verified."""
        self._verify([entry for entry in self.entries if entry.path == name or entry.path.startswith(f"{name}/")])
        return self.path.parent / name

    def files(self) -> list[Path]:
        """Return the paths of all files, verified, in the manifest's order."""
        return self._verify(self.entries)

    def _verify(self, entries: list[Entry]) -> list[Path]:
        paths = [self.path.parent / entry.path for entry in entries]
        for path in paths:
            if not path.is_file():
                raise PipelineError(
                    "a file that the manifest lists is missing",
                    where=path,
                    cure=f"delete {self.path} and run again: the stage that makes it runs",
                )
        for path, entry, found in zip(paths, entries, self._cache.digests(paths), strict=True):
            if found != entry.sha256:
                raise PipelineError(
                    f"this file is not what {self.path} says; it was changed after it was made",
                    where=path,
                    value=f"sha256 {found[:12]}…, expected {entry.sha256[:12]}…",
                    cure=f"put the original back, or delete {self.path} and run again: the stage that makes it runs",
                )
        return paths


def raw_path(shards: list[Manifest], name: str) -> Path:
    """Return the file or folder `name` of a dataset from the manifests of its raw shards, verified.

    A name that no shard holds, or a folder that several share, raises PipelineError.
    """
    holding = []
    for shard in shards:
        inside = f"{shard.path.name.removesuffix(SUFFIX)}/{name}"
        if any(entry.path == inside or entry.path.startswith(f"{inside}/") for entry in shard.entries):
            holding.append((shard, inside))
    if len(holding) != 1:
        raise PipelineError(
            f"expected one shard that holds {name!r}, found {len(holding)}",
            where=", ".join(str(shard.path) for shard in shards),
            cure="correct the name; a folder of files that are read together needs a dataset with `shards: 1`",
        )
    ((shard, inside),) = holding
    return shard.below(inside)


def raw_files(shards: list[Manifest]) -> dict[str, Path]:
    """Return all files of a dataset by their names, from the manifests of its raw shards, verified."""
    found: dict[str, Path] = {}
    for shard in shards:
        folder = shard.path.parent / shard.path.name.removesuffix(SUFFIX)
        found |= {path.relative_to(folder).as_posix(): path for path in shard.files() if path.is_relative_to(folder)}
    return found


def unlisted(folder: Path, entries: list[Entry]) -> list[Path]:
    """Return the files of an artefact's folder that its manifest does not list."""
    listed = {folder.parent / entry.path for entry in entries}
    return [path for path in files_below(folder) if path not in listed]


def write_manifest(path: Path, outputs: list[Path], cache: DigestCache) -> None:
    """Write the manifest of `outputs` (files or folders below the manifest's own folder)."""
    files = sorted(file for output in outputs for file in (files_below(output) if output.is_dir() else [output]))
    digests = cache.digests(files)
    entries = [
        Entry(file.relative_to(path.parent).as_posix(), file.stat().st_size, digest)
        for file, digest in zip(files, digests, strict=True)
    ]
    folder = next((output.name for output in outputs if output.is_dir()), "")
    text, listing = manifest_texts(entries, folder)
    if listing is not None:
        write_text(path.parent / folder / LISTING, listing)
    write_text(path, text)


def manifest_texts(entries: list[Entry], folder: str) -> tuple[str, str | None]:
    """Return the text of a manifest, and that of the listing in `folder` where the manifest does not hold the list."""
    rows = [vars(entry) for entry in sorted(entries, key=lambda entry: entry.path)]
    if len(rows) <= INLINE:
        return pretty_json({"schema": SCHEMA, "files": rows}), None
    listing = "".join(canonical_json(row) + "\n" for row in rows)
    note = {
        "path": f"{folder}/{LISTING}",
        "count": len(rows),
        "sha256": digest_text(listing),
        "names": digest_names([row["path"] for row in rows if row["path"].startswith(f"{folder}/")]),
    }
    return pretty_json({"schema": SCHEMA, "listing": note}), listing


def digest_names(names: list[str]) -> str:
    """Return the digest of some names, whatever their order."""
    return digest_text("\n".join(sorted(names)))


def names_digest(path: Path) -> str:
    """Return the digest of the paths in a manifest's folder; the folder itself may be absent."""
    content = read_object(path)
    if "listing" in content:
        return field(field(content, "listing", dict, path), "names", str, f"{path}: listing")
    inside = f"{path.name.removesuffix(SUFFIX)}/"
    return digest_names([entry.path for entry in _entries(content, path) if entry.path.startswith(inside)])


def read_entries(path: Path) -> list[Entry]:
    """Return the entries of a manifest, from its listing where it has one; an altered listing raises PipelineError."""
    content = read_object(path)
    if "listing" not in content:
        return _entries(content, path)
    note = field(content, "listing", dict, path)
    listing = path.parent / _inside(field(note, "path", str, f"{path}: listing"), f"{path}: listing")
    if not listing.is_file() or digest_file(listing) != field(note, "sha256", str, f"{path}: listing"):
        raise PipelineError(
            "the file list of this manifest is missing or altered",
            where=listing,
            cure=f"delete {path} and run again: the stage that makes it runs",
        )
    return [_entry(row, where) for where, row in read_rows_with_place(listing)]


def inline_entries(path: Path) -> list[Entry]:
    """Return the entries that a manifest lists itself: none where the list stands in its folder."""
    content = read_object(path)
    return [] if "listing" in content else _entries(content, path)


def _entries(content: dict[str, Any], path: Path) -> list[Entry]:
    return [_entry(row, f"{path}: files, {number}") for number, row in enumerate(field(content, "files", list, path))]


def _entry(row: Any, where: str) -> Entry:
    """Return one entry of a manifest; a path that leads out of the manifest's folder raises PipelineError."""
    typed(row, dict, where, "this entry")
    entry = Entry(field(row, "path", str, where), field(row, "size", int, where), field(row, "sha256", str, where))
    _inside(entry.path, where)
    return entry


def _inside(path: str, where: str) -> str:
    """Return a path of a manifest; one that leads out of its folder, or that no file can have, raises PipelineError."""
    parts = path.split("/")
    longest = max(len(part.encode()) for part in parts)
    if not parts[0] or ".." in parts or "\0" in path or longest > LONGEST_NAME or len(path.encode()) > LONGEST_PATH:
        raise PipelineError("this is no path within the manifest's folder", where=where, value=path)
    return path


def _read(path: Path) -> str:
    if not path.exists():
        raise PipelineError("manifest not found", where=path)
    return read_text(path)
