"""The pin of a source that can change: one digest of the names that are in a shard now.

Names, not bytes: listing a folder of a million images takes seconds, reading them an hour. A file in `.vlmflow` has the
digests of a folder's names until a folder below it changes. `fetching.look` detects edits in place.
"""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.plugins import load
from pipeline_lib.core.text import canonical_json, read_object
from pipeline_lib.core.walk import Walk
from pipeline_lib.fetching.folder_times import folder_times, unchanged
from pipeline_lib.job.manifest import digest_names, names_digest
from pipeline_lib.sources.base import Source, SourceSettings, shard_of

FOLDER = Path(".vlmflow/listings")
FEWEST = 1000  # names of a folder whose digests are written


@dataclass(frozen=True)
class Names:
    """How many names a source has, and the digest of those of every shard."""

    count: int
    digests: list[str]


def listing(source: SourceSettings, shard: int, shards: int, manifest: Path) -> str | None:
    """Return the digest of a shard's names, None for a source that cannot change under the same settings.

    If the source is not on this machine, the names come from the manifest of the fetched shard.
    """
    module = cast(Source, load("sources", source.kind))
    if not module.CHANGES:
        return None
    try:
        return names_of(source, shards).digests[shard]
    except PipelineError:
        return _fetched_names(manifest)


def _fetched_names(manifest: Path) -> str | None:
    """Return the digest of the names in a manifest, None if it is absent or broken, which makes the shard stale."""
    try:
        return names_digest(manifest) if manifest.is_file() else None
    except PipelineError:
        return None


def names_of(source: SourceSettings, shards: int) -> Names:
    """Return the number of names of a source that can change, and their digests by shard; read once in a process."""
    return _names(source.kind, source.model_dump_json(), shards)


def by_shard(source: SourceSettings, shards: int) -> list[tuple[list[str], list[str]]]:
    """Return the names of the files, and of the unusable entries, of every shard; each is digested once."""
    return _by_shard(source.kind, source.model_dump_json(), shards)


def scan(source: SourceSettings) -> Walk:
    """Return the present files of a source that can change; scanned once in a process, for all shards."""
    return _scan(source.kind, source.model_dump_json())


def digest_shard(names: list[str], shard: str) -> str:
    """Return the digest of a shard's names as its manifest lists them."""
    return digest_names([f"{shard}/{name}" for name in names])


def shard_name(shard: int) -> str:
    """Return a shard's number as written in paths."""
    return f"{shard:03d}"


def forget() -> None:
    """Read all sources again, in a process that knows their names."""
    for memory in (_scan, _by_shard, _names):
        memory.cache_clear()


@cache
def _scan(kind: str, settings: str) -> Walk:
    return scan_now(load("sources", kind).Settings.model_validate_json(settings))


@cache
def _by_shard(kind: str, settings: str, shards: int) -> list[tuple[list[str], list[str]]]:
    content = _scan(kind, settings)
    groups: list[tuple[list[str], list[str]]] = [([], []) for _ in range(shards)]
    for name in content.files:
        groups[shard_of(name, shards)][0].append(name)
    for name in content.unusable:
        groups[shard_of(name, shards)][1].append(name)
    return groups


@cache
def _names(kind: str, settings: str, shards: int) -> Names:
    module = load("sources", kind)
    source: SourceSettings = module.Settings.model_validate_json(settings)
    root = next(iter(source.local_paths()), None) if hasattr(module, "scan") else None
    path = FOLDER / f"{digest_text(canonical_json([settings, str(root), shards]))}.json"
    written = None if root is None else _written(path, root, shards)
    if written is not None:
        return written
    times = None if root is None else folder_times(root)  # before the names: a later change changes them again
    groups = _by_shard(kind, settings, shards)
    count = sum(len(files) for files, _ in groups)
    names = Names(count, [digest_shard(files, shard_name(shard)) for shard, (files, _) in enumerate(groups)])
    if times is not None and count >= FEWEST:
        write_text(path, canonical_json({"times": times, **asdict(names)}))
    return names


def _written(path: Path, root: Path, shards: int) -> Names | None:
    """Return what a file has of a folder's names, None if it has nothing or the folder has changed."""
    try:
        content: dict[str, Any] = read_object(path) if path.is_file() else {}
    except PipelineError:  # it was damaged; the folder has all that it had
        return None
    times, count, digests = content.get("times"), content.get("count"), content.get("digests")
    if not isinstance(times, dict) or "" not in times or not isinstance(count, int) or not isinstance(digests, list):
        return None
    return Names(count, digests) if len(digests) == shards and unchanged(root, times) else None


def scan_now(source: SourceSettings) -> Walk:
    """Return the present files of a source that can change; without `scan`, only their names."""
    module = load("sources", source.kind)
    if hasattr(module, "scan"):
        content: Walk = module.scan(source)
        return content
    return Walk(dict.fromkeys(module.list_names(source, 0)))
