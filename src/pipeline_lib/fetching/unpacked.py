"""Archives unpacked once for all shards of a dataset: the first job unpacks them, every job moves its shard away.

The files of each shard wait in a folder below FOLDER, which gets its name when the archives were read to their ends.
A job that dies before leaves a folder that the next one removes.
"""

import logging
import shutil
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from pipeline_lib.core import locks
from pipeline_lib.core.digests import DigestCache, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import remove, write_text
from pipeline_lib.core.text import canonical_json, pretty_json, read_object
from pipeline_lib.downloads.archives import unpack
from pipeline_lib.downloads.names import refuse_collisions
from pipeline_lib.fetching.listing import shard_name
from pipeline_lib.fetching.shards import Shards
from pipeline_lib.sources.base import Archived

FOLDER = Path(".vlmflow/unpacked")
NOTE = "content.json"  # the number of files in all shards, and in each
PART = ".part"

logger = logging.getLogger(__name__)


def take_shard(archives: list[Archived], shard: int, shards: Shards, folder: Path, where: object) -> tuple[int, int]:
    """Move the files of a shard to `folder`, which does not exist; return their number and that of all shards.

    Whoever comes first unpacks the shards that nobody has made yet, while the others wait. `where` names the source in
    errors.
    """
    place = FOLDER / digest_text(shards.raw.absolute().as_posix())[:24]
    place.mkdir(parents=True, exist_ok=True)
    area, name = place / _key(archives, shards), shard_name(shard)
    with _locked(place.with_suffix(".lock")):
        for other in place.iterdir():
            if other != area:
                remove(other)
        if not (area / name).is_dir():
            _unpack(archives, name, shards, area, where)
        content = _content(area)
        assert content is not None  # written before any shard gets its name
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(area / name, folder)
    return content.get(name, 0), sum(content.values())


def _key(archives: list[Archived], shards: Shards) -> str:
    """Return a digest of everything that decides which file is in which shard."""
    cache = DigestCache()
    parts = [[cache.digests(list(archived.file.parts)), archived.below] for archived in archives]
    names = None if shards.chosen is None else sorted(shards.chosen)
    return digest_text(canonical_json([parts, shards.count, names]))[:24]


def _unpack(archives: list[Archived], shard: str, shards: Shards, area: Path, where: object) -> None:
    """Unpack `shard` and all others that wait nowhere, unless they were taken from here before and still exist."""
    part = area.with_name(PART)
    again = _content(area) is not None
    absent = {name for name in map(shard_name, range(shards.count)) if not (area / name).is_dir()}
    absent = {name for name in absent if name == shard or not (again and shards.exists(name))}
    try:
        for name in absent:
            (part / name).mkdir(parents=True)
        names = _names(archives, shards, part, absent)
        refuse_collisions(names, where)
    except BaseException:  # an interruption too
        remove(part)
        raise
    counts = Counter(filter(None, map(shards.of, names)))
    write_text(area / NOTE, pretty_json({name: counts[name] for name in sorted(counts)}))
    for name in absent:
        (part / name).rename(area / name)
    part.rmdir()
    logger.info("unpacked %d files for %d of %d shards", len(names), len(absent), shards.count)


def _names(archives: list[Archived], shards: Shards, part: Path, absent: set[str]) -> list[str]:
    """Write the files of the absent shards, and return the names of all files."""

    def place(name: str) -> Path | None:
        shard = shards.of(name)
        return part / shard / name if shard is not None and shard in absent else None

    return [name for archived in archives for name in unpack(archived.file, archived.below, place)]


def _content(area: Path) -> dict[str, int] | None:
    """Return the number of files in each shard; None before the archives were unpacked."""
    try:
        return read_object(area / NOTE) if (area / NOTE).is_file() else None
    except PipelineError:  # a disk that lost power may hold half a file
        return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        if not locks.try_take(file, without_locks="several jobs may unpack the same archive"):
            logger.info("another job of this dataset unpacks its archives, or takes its shard")
            locks.take(file, without_locks="several jobs may unpack the same archive")
        yield
