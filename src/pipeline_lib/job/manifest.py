"""Manifest: what an artefact is. It lists every file that a job made, with size and sha256.

It has nothing that differs between two equal runs. It stays small, since Snakemake compares files by content only up
to 1 MB: above `INLINE` files, the list is a file in the artefact's folder, and the manifest has the list's digest.
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
LONGEST_NAME, LONGEST_PATH = 255, 3000  # bytes; Linux has limits for both


@dataclass(frozen=True)
class Entry:
    """One file of an artefact: its path relative to the manifest's folder, its size in bytes, its sha256."""

    path: str
    size: int
    sha256: str


class Manifest:
    """A manifest read from disk; it returns only paths of verified files."""

    def __init__(self, path: Path, cache: DigestCache) -> None:
        self.path = path
        self.sha256 = digest_text(_read(path))
        self.entries = read_entries(path)
        self._cache = cache

    def file(self, name: str) -> Path:
        """Return the path of the file `name`, verified; raise PipelineError if it is missing or altered."""
        matching = [entry for entry in self.entries if entry.path == name]
        if not matching:
            raise PipelineError(f"no file {name!r} in this manifest", where=self.path)
        return self._verify(matching)[0]

    def twin(self, suffix: str) -> Path:
        """Return the file that has this manifest's name with another suffix, verified."""
        return self.file(self.path.name.removesuffix(SUFFIX) + suffix)

    def only_file(self) -> Path:
        """Return the path of this artefact's only file, verified."""
        if len(self.entries) != 1:
            raise PipelineError(f"expected one file, found {len(self.entries)}", where=self.path)
        return self._verify(self.entries)[0]

    def folder(self) -> Path:
        """Return the folder with this manifest's name, all files verified; an unlisted file raises PipelineError."""
        self._verify(self.entries)
        folder = self.path.parent / self.path.name.removesuffix(SUFFIX)
        if not folder.is_dir():
            raise PipelineError("expected a folder", where=folder)
        extra = unlisted(folder, self.entries)
        if extra:
            raise PipelineError(
                f"this file is not in {self.path}", where=extra[0], cure="remove it: a loader might read it"
            )
        return folder

    def below(self, name: str) -> Path:
        """Return the path of the file or folder `name`, with every file verified."""
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
        for path, entry, sha256 in zip(paths, entries, self._cache.digests(paths), strict=True):
            if sha256 != entry.sha256:
                raise PipelineError(
                    f"this file differs from {self.path}; it was changed after it was made",
                    where=path,
                    value=f"sha256 {sha256[:12]}…, expected {entry.sha256[:12]}…",
                    cure=f"put the original back, or delete {self.path} and run again: the stage that makes it runs",
                )
        return paths


def raw_path(shards: list[Manifest], name: str) -> Path:
    """Return the file or folder `name` of a dataset from the manifests of its raw shards, verified.

    Raise PipelineError if no shard contains it, or if several contain parts of it.
    """
    holding = []
    for shard in shards:
        inside = f"{shard.path.name.removesuffix(SUFFIX)}/{name}"
        if any(entry.path == inside or entry.path.startswith(f"{inside}/") for entry in shard.entries):
            holding.append((shard, inside))
    if len(holding) != 1:
        raise PipelineError(
            f"expected one shard that contains {name!r}, found {len(holding)}",
            where=", ".join(str(shard.path) for shard in shards),
            cure="correct the name; a folder whose files belong together needs a dataset with `shards: 1`",
        )
    ((shard, inside),) = holding
    return shard.below(inside)


def raw_names(shards: list[Manifest]) -> list[str]:
    """Return the names of all files of a dataset, from the manifests of its raw shards; reads no file."""
    folders = ((shard, f"{shard.path.name.removesuffix(SUFFIX)}/") for shard in shards)
    paths = ((folder, entry.path) for shard, folder in folders for entry in shard.entries)
    return [path.removeprefix(folder) for folder, path in paths if path.startswith(folder)]


def raw_files(shards: list[Manifest]) -> dict[str, Path]:
    """Return all files of a dataset by their names, from the manifests of its raw shards, verified."""
    files: dict[str, Path] = {}
    for shard in shards:
        folder = shard.path.parent / shard.path.name.removesuffix(SUFFIX)
        files |= {path.relative_to(folder).as_posix(): path for path in shard.files() if path.is_relative_to(folder)}
    return files


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
    """Return the text of a manifest, and the text of the listing in `folder`, or None if the manifest has the list."""
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
    """Return the digest of some names, independent of their order."""
    return digest_text("\n".join(sorted(names)))


def names_digest(path: Path) -> str:
    """Return the digest of the paths in a manifest's folder; the folder itself may be absent."""
    content = read_object(path)
    if "listing" in content:
        return field(field(content, "listing", dict, path), "names", str, f"{path}: listing")
    inside = f"{path.name.removesuffix(SUFFIX)}/"
    return digest_names([entry.path for entry in _entries(content, path) if entry.path.startswith(inside)])


def read_entries(path: Path) -> list[Entry]:
    """Return the entries of a manifest or of its listing; raise PipelineError if the listing was altered."""
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
    """Return the entries in the manifest itself: none if it has a separate listing."""
    content = read_object(path)
    return [] if "listing" in content else _entries(content, path)


def _entries(content: dict[str, Any], path: Path) -> list[Entry]:
    return [_entry(row, f"{path}: files, {number}") for number, row in enumerate(field(content, "files", list, path))]


def _entry(row: Any, where: str) -> Entry:
    """Return one entry of a manifest; raise PipelineError if its path is outside the manifest's folder."""
    typed(row, dict, where, "this entry")
    entry = Entry(field(row, "path", str, where), field(row, "size", int, where), field(row, "sha256", str, where))
    _inside(entry.path, where)
    return entry


def _inside(path: str, where: str) -> str:
    """Return the path; raise PipelineError if it is outside the manifest's folder or not a possible path."""
    parts = path.split("/")
    longest = max(len(part.encode()) for part in parts)
    if not parts[0] or ".." in parts or "\0" in path or longest > LONGEST_NAME or len(path.encode()) > LONGEST_PATH:
        raise PipelineError("this path is not within the manifest's folder", where=where, value=path)
    return path


def _read(path: Path) -> str:
    if not path.exists():
        raise PipelineError("manifest not found", where=path)
    return read_text(path)
