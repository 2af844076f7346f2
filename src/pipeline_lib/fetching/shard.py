"""Fetches one shard of a source: the files that the digests of their names put into it."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field

from pipeline_lib.core.digests import DigestCache, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below
from pipeline_lib.core.plugins import Plugin, load
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.tolerance import allowed
from pipeline_lib.downloads.names import refuse_collisions
from pipeline_lib.downloads.pins import Pin, Pins, changed_pins
from pipeline_lib.fetching.listing import digest_shard, scan_now, shard_name
from pipeline_lib.fetching.look import look
from pipeline_lib.fetching.shards import Shards
from pipeline_lib.fetching.unpacked import take_shard
from pipeline_lib.sources.base import ArchiveSource, Failure, Source, SourceSettings, shard_of, shard_pin

SHOWN = 20  # dead links in the log

logger = logging.getLogger(__name__)


class FetchSettings(Settings):
    """Settings of one fetch job."""

    source: Annotated[SourceSettings, Plugin("sources", key="kind")]
    seed: int
    shard: int = Field(ge=0)
    shards: int = Field(ge=1)
    listing: str | None = Field(default=None, description="digest of the shard's names, for a source that can change")


@dataclass(frozen=True)
class Fetched:
    """The result of a shard: its expected number of files, failures, the pins used, and the state of local files."""

    files: int
    failures: list[Failure]
    pins: dict[str, Pin]
    source: dict[str, str]


def fetch_shard(settings: FetchSettings, folder: Path, chosen: set[str] | None = None) -> Fetched:
    """Put the shard's files below `folder`; with `chosen`, only these of its images, and pin nothing.

    A source without files, or more failures than the source allows, raises PipelineError.
    """
    shards = Shards(settings.shards, chosen, folder.parent)
    module = load("sources", settings.source.kind)
    archives = cast(ArchiveSource, module).archives(settings.source) if hasattr(module, "archives") else []
    if archives:
        source, failures = settings.source.model_dump(), list[Failure]()
        selected, total = take_shard(archives, settings.shard, shards, folder, source)
    else:
        selected, total, failures = _fetch_names(cast(Source, module), settings, shards, folder)
    unreadable = [] if archives else _drop_unreadable(folder)
    _refuse_too_many(failures, selected, settings.source.tolerance(), chosen is not None)
    logger.info("%d of %d files", selected - len(failures), total)
    seen = look(settings.source, settings.shard, settings.shards)
    return Fetched(selected, [*failures, *unreadable], _pins(settings, folder, chosen is None), seen)


def _fetch_names(
    source: Source, settings: FetchSettings, shards: Shards, folder: Path
) -> tuple[int, int, list[Failure]]:
    """Let the source put the shard's files below `folder`; return their number, that of all shards, and failures."""
    names = source.list_names(settings.source, settings.seed)
    if not names:
        raise PipelineError("the source has no files", value=settings.source.model_dump())
    refuse_collisions(names, settings.source.model_dump())
    selected = sorted(name for name in names if shards.of(name) == shard_name(settings.shard))
    if settings.listing is not None and settings.listing != _listing_now(settings):
        raise PipelineError(
            "files were added to the source, or removed, while the study ran",
            value=settings.source.model_dump(),
            cure="run snakemake again",
        )
    folder.mkdir(parents=True)
    return len(selected), len(names), source.fetch(settings.source, settings.seed, selected, folder)


def still_holds(settings: FetchSettings, notes: dict[str, Any]) -> bool:
    """Return whether an equal job's result is still valid: pins and files of this machine are unchanged."""
    unchanged = look(settings.source, settings.shard, settings.shards) == notes.get("source", {})
    return unchanged and not changed_pins(notes.get("pins", {}), Pins().all())


def _listing_now(settings: FetchSettings) -> str:
    names = [name for name in scan_now(settings.source).files if shard_of(name, settings.shards) == settings.shard]
    return digest_shard(names, shard_name(settings.shard))


def _refuse_too_many(failures: list[Failure], total: int, share: float, sample: bool) -> None:
    for failure in failures[:SHOWN]:
        logger.warning("not reachable: %s (%s): %s", failure.name, failure.url, failure.reason)
    if len(failures) > allowed(share, total, sample):
        raise PipelineError(
            f"{len(failures)} of {total} files cannot be reached; the study allows {share:.2%}",
            where=failures[0].url,
            value=failures[0].reason,
            cure="run again later, correct the list, or raise `unreachable` of this source: the missing files are "
            "listed, rows of tables about them are skipped, and benchmarks that ask about them are refused",
        )


def _drop_unreadable(folder: Path) -> list[Failure]:
    """Remove unreadable files below a folder, such as dangling links, and return them with the reasons."""
    failures = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        try:
            path.open("rb").close()
        except OSError as error:
            name = path.relative_to(folder).as_posix()
            logger.warning("skipped: %s, at %s, cannot be read: %s", name, path.resolve(), error.strerror)
            failures.append(Failure(name, "", f"cannot be read ({error.strerror})"))
            path.unlink()
    return failures


def _pins(settings: FetchSettings, folder: Path, whole: bool) -> dict[str, Pin]:
    """Return the pins of `studies/pins.lock` that this shard depends on, including its own if it has one.

    An incomplete shard neither writes nor checks a pin of its own.
    """
    pins = Pins()
    wanted = settings.source.pins(settings.shards)
    suffix = shard_pin("", settings.shard, settings.shards)
    others = {shard_pin("", shard, settings.shards) for shard in range(settings.shards)} - (
        {suffix} if whole else set()
    )
    wanted = {name: sha256 for name, sha256 in wanted.items() if not name.endswith(tuple(others))}
    for name in wanted:
        if name.endswith(suffix):
            pins.add(name, _content(folder))
    known = pins.all()
    return {name: known[name] for name, sha256 in wanted.items() if sha256 is None and name in known}


def _content(folder: Path) -> Pin:
    """Return the pin of a folder's files: their number, and one digest of their names and bytes."""
    files = files_below(folder)
    digests = DigestCache().digests(files)
    lines = [f"{digest} {file.relative_to(folder).as_posix()}\n" for file, digest in zip(files, digests, strict=True)]
    return {"files": len(files), "sha256": digest_text("".join(lines))}
