"""Fetch one shard of a source: the files whose name's digest falls into it."""

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
from pipeline_lib.sources.base import Failure, Source, SourceSettings, shard_of, shard_pin

SHOWN = 20  # dead links in the log
TABLE = ".tsv"  # the suffix of a file that may hold images in its rows

logger = logging.getLogger(__name__)


class FetchSettings(Settings):
    """What one fetch job needs to know."""

    source: Annotated[SourceSettings, Plugin("sources", key="kind")]
    seed: int
    shard: int = Field(ge=0)
    shards: int = Field(ge=1)
    listing: str | None = Field(default=None, description="digest of the shard's names, for a source that can change")


@dataclass(frozen=True)
class Fetched:
    """What came of a shard: how many files it should have, failures, the pins that held, and where local files lay."""

    files: int
    failures: list[Failure]
    pins: dict[str, Pin]
    source: dict[str, str]


def fetch_shard(settings: FetchSettings, folder: Path, chosen: set[str] | None = None) -> Fetched:
    """Put the shard's files below `folder`; of its images the chosen ones, if given, which pin nothing.

    A source without any file is an error, and so are more dead links than the source allows.
    """
    source = cast(Source, load("sources", settings.source.kind))
    names = source.list_names(settings.source, settings.seed)
    if not names:
        raise PipelineError("the source holds no file", value=settings.source.model_dump())
    refuse_collisions(names, settings.source.model_dump())
    mine = sorted(name for name in names if shard_of(name, settings.shards) == settings.shard)
    if settings.listing is not None and settings.listing != _listing_now(settings):
        raise PipelineError(
            "files were added to the source, or taken away, while the study ran",
            value=settings.source.model_dump(),
            cure="run snakemake again",
        )
    if chosen is not None:
        mine = [name for name in mine if name in chosen or name.lower().endswith(TABLE)]
    folder.mkdir(parents=True)
    failures = source.fetch(settings.source, settings.seed, mine, folder)
    unreadable = _drop_unreadable(folder)
    _refuse_too_many(failures, len(mine), settings.source.tolerance(), chosen is not None)
    logger.info("%d of %d files", len(mine) - len(failures), len(names))
    seen = look(settings.source, settings.shard, settings.shards)
    return Fetched(len(mine), [*failures, *unreadable], _pins(settings, folder, chosen is None), seen)


def still_holds(settings: FetchSettings, notes: dict[str, Any]) -> bool:
    """Return whether what an equal job fetched is what would be fetched now: pins and files of this machine agree."""
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
            cure="run again later, mend the list, or raise `unreachable` of this source: those that are missing are "
            "listed, and rows about them are left out",
        )


def _drop_unreadable(folder: Path) -> list[Failure]:
    """Remove what cannot be read below a folder, such as a link that leads nowhere, and return it with its reasons."""
    failures = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        try:
            path.open("rb").close()
        except OSError as error:
            name = path.relative_to(folder).as_posix()
            logger.warning("left out: %s, at %s, cannot be read: %s", name, path.resolve(), error.strerror)
            failures.append(Failure(name, "", f"cannot be read ({error.strerror})"))
            path.unlink()
    return failures


def _pins(settings: FetchSettings, folder: Path, whole: bool) -> dict[str, Pin]:
    """Return the pins of `studies/pins.lock` that this shard was made under, its own among them where it has one.

    A shard that is not whole neither makes nor obeys a pin of its own.
    """
    pins = Pins()
    wanted = settings.source.pins(settings.shards)
    own = shard_pin("", settings.shard, settings.shards)
    others = {shard_pin("", shard, settings.shards) for shard in range(settings.shards)} - ({own} if whole else set())
    wanted = {name: given for name, given in wanted.items() if not name.endswith(tuple(others))}
    for name in wanted:
        if name.endswith(own):
            pins.add(name, _content(folder))
    known = pins.all()
    return {name: known[name] for name, given in wanted.items() if given is None and name in known}


def _content(folder: Path) -> Pin:
    """Return the pin of a folder's files: how many, and one digest of their names and bytes."""
    files = files_below(folder)
    digests = DigestCache().digests(files)
    lines = [f"{digest} {file.relative_to(folder).as_posix()}\n" for file, digest in zip(files, digests, strict=True)]
    return {"files": len(files), "sha256": digest_text("".join(lines))}
