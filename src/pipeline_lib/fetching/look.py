"""Compares a source on this machine with what a shard was fetched from: paths, sizes and times first, then bytes."""

from pathlib import Path
from typing import Iterator

from pipeline_lib.core.digests import DigestCache, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.core.walk import file_state
from pipeline_lib.downloads.pins import PINS, Pins, changed_pins
from pipeline_lib.fetching.listing import by_shard, names_of, scan
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX, digest_names, read_entries
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.job.removal import RESTORE, removed_by
from pipeline_lib.sources.base import SourceSettings

LOOKED_AT = 50_000  # files of a folder: without --look, planning checks sizes and times of no more
NAMED = 3  # changed files that one cause names


def look(source: SourceSettings, shard: int, shards: int) -> dict[str, str]:
    """Return the state of every local file or folder that a shard is fetched from, by its recorded name.

    A file's state is its size and times, a folder's the digest of the names, sizes and times of the shard's files.
    """
    paths = [path for path in source.local_paths() if path.exists()]
    return {_recorded_name(path): _state(path, source, shard, shards) for path in paths}


def source_changes(job: PlannedJob, record: MadeRecord, cache: DigestCache, everything: bool) -> list[str]:
    """Return a line for every difference between the source and pins of a fetch job and its record.

    There is nothing to compare if the record has no source, or if a clone never had the files.
    """
    try:
        return [*_changed_pins(record), *_changed_files(job, record, cache, everything)]
    except PipelineError as error:  # site.yaml or the pins cannot be read, or site.yaml lacks the path
        what, *details = str(error).splitlines()
        return ["; ".join([f"source: {what}", *(line.strip() for line in details[:1])])]


def unseen_source(job: PlannedJob, record: MadeRecord, everything: bool) -> str | None:
    """Return why planning did not check the source of a fetch job; None if it did, or if there is no source."""
    before, source = _seen(job, record), _source(job)
    try:
        paths = source.local_paths() if before else []
    except PipelineError:  # a change, which `source_changes` names
        return None
    for path in paths:
        if not path.exists():
            return f"{path} is not on this machine"
        if path.is_dir() and _is_too_large(source, job.settings["shards"], everything):
            return f"{path} holds more than {LOOKED_AT:,} files; check it with --look"
    return None


def _source(job: PlannedJob) -> SourceSettings:
    source = job.settings["source"]
    settings: SourceSettings = load("sources", source["kind"]).Settings.model_validate(source)
    return settings


def _seen(job: PlannedJob, record: MadeRecord) -> dict[str, str]:
    """Return the recorded state of the source; nothing in a clone, which is on another machine."""
    if removed_by(Path(job.outputs["raw"])) == RESTORE:
        return {}
    seen: dict[str, str] = record.notes.get("source", {})
    return seen


def _changed_pins(record: MadeRecord) -> Iterator[str]:
    for name, change in changed_pins(record.pins, Pins().all() if record.pins else {}).items():
        yield f"{PINS}: {name}: {change}"


def _changed_files(job: PlannedJob, record: MadeRecord, cache: DigestCache, everything: bool) -> Iterator[str]:
    before = _seen(job, record)
    if not before:
        return
    source, shard, shards = _source(job), job.settings["shard"], job.settings["shards"]
    paths = source.local_paths()
    names = {_recorded_name(path) for path in paths}
    if not names.issubset(before) or not names:
        yield f"source: its path changed since it was fetched: {', '.join(map(_shown, paths)) or 'none now'}"
        return
    for path in (path for path in paths if path.exists()):
        if path.is_dir() and _is_too_large(source, shards, everything):
            continue
        if _state(path, source, shard, shards) != before[_recorded_name(path)]:
            yield from _other_bytes(path, source, job, cache)


def _recorded_name(path: Path) -> str:
    """Return a path as records name it: inside the project relative to it, elsewhere a digest of the path."""
    return _shown(path) if path.is_relative_to(Path.cwd()) else f"path {digest_text(path.as_posix())[:16]}"


def _shown(path: Path) -> str:
    """Return a path as shown to the user: relative inside the project, which may move as a whole."""
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else path.as_posix()


def _state(path: Path, source: SourceSettings, shard: int, shards: int) -> str:
    if path.is_file():
        return file_state(path.stat())
    content = scan(source)
    files, unusable = by_shard(source, shards)[shard]
    states = [f"{name} {content.state(name)}" for name in files]
    return digest_names([*states, *(f"{name} {content.unusable[name]}" for name in unusable)])


def _is_too_large(source: SourceSettings, shards: int, everything: bool) -> bool:
    return not everything and names_of(source, shards).count > LOOKED_AT


def _other_bytes(path: Path, source: SourceSettings, job: PlannedJob, cache: DigestCache) -> Iterator[str]:
    """Yield a line if files with new times have other bytes, too; a mere touch is no change."""
    if path.is_file():
        pins = source.pins(job.settings["shards"])
        name = next((name for name in pins if Path(name).absolute() == path), str(path))
        pin = pins.get(name) or (Pins().get(name) or {}).get("sha256")
        if cache.digests([path]) != [pin]:
            yield f"{_shown(path)}: not the fetched file"
        return
    manifest = Path(job.outputs["manifest"])
    try:
        entries = read_entries(manifest) if manifest.is_file() else []
    except PipelineError:  # a changed manifest is a cause of its own
        return
    inside = f"{manifest.name.removesuffix(SUFFIX)}/"
    digests = {entry.path.removeprefix(inside): entry.sha256 for entry in entries if entry.path.startswith(inside)}
    files = {name: path / name for name in digests if (path / name).is_file()}
    now = dict(zip(files, cache.digests(list(files.values())), strict=True))
    changed = [name for name in files if now[name] != digests[name]]
    gone = [name for name in digests if name not in files]
    for words, names in (("other content of", changed), ("no longer holds", gone)):
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            yield f"{_shown(path)}: {words} {', '.join(names[:NAMED])}{more}"
