"""The pin of a source that can change: one digest of the names that are in a shard now.

Names, not bytes: listing a folder of a million images takes seconds, reading them an hour. `fetching.look` detects
edits in place.
"""

from functools import cache
from pathlib import Path
from typing import cast

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.core.walk import Walk
from pipeline_lib.job.manifest import digest_names, names_digest
from pipeline_lib.sources.base import Source, SourceSettings, shard_of


def listing(source: SourceSettings, shard: int, shards: int, manifest: Path) -> str | None:
    """Return the digest of a shard's names, None for a source that cannot change under the same settings.

    If the source is not on this machine, the names come from the manifest of the fetched shard.
    """
    module = cast(Source, load("sources", source.kind))
    if not module.CHANGES:
        return None
    try:
        names = scan(source).files
    except PipelineError:
        return _fetched_names(manifest)
    return digest_shard([name for name in names if shard_of(name, shards) == shard], shard_name(shard))


def _fetched_names(manifest: Path) -> str | None:
    """Return the digest of the names in a manifest, None if it is absent or broken, which makes the shard stale."""
    try:
        return names_digest(manifest) if manifest.is_file() else None
    except PipelineError:
        return None


def scan(source: SourceSettings) -> Walk:
    """Return the present files of a source that can change; scanned once in a process, for all shards."""
    return _scan(source.kind, source.model_dump_json())


def digest_shard(names: list[str], shard: str) -> str:
    """Return the digest of a shard's names as its manifest lists them."""
    return digest_names([f"{shard}/{name}" for name in names])


def shard_name(shard: int) -> str:
    """Return a shard's number as written in paths."""
    return f"{shard:03d}"


@cache
def _scan(kind: str, settings: str) -> Walk:
    return scan_now(load("sources", kind).Settings.model_validate_json(settings))


def scan_now(source: SourceSettings) -> Walk:
    """Return the present files of a source that can change; without `scan`, only their names."""
    module = load("sources", source.kind)
    if hasattr(module, "scan"):
        content: Walk = module.scan(source)
        return content
    return Walk(dict.fromkeys(module.list_names(source, 0)))
