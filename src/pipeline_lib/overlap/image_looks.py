"""Perceptual hashes of images by pin: those of the fingerprint stage, those computed before, or computed now."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
from pyarrow import compute

from pipeline_lib.core.files import partial, publish
from pipeline_lib.core.parquet import batches, write_rows
from pipeline_lib.images.index import UNUSABLE, pin
from pipeline_lib.images.reader import ImageReader

FOLDER = Path(".vlmflow/looks")  # what was computed outside the fingerprint stage, by version of imagehash
SCHEMA = pa.schema([("pin", pa.string()), ("look", pa.string())])


@dataclass(frozen=True)
class Look:
    """An image, by its pin, and its perceptual hash as 16 hexadecimal digits."""

    pin: str
    look: str


def known_looks(pins: set[str], indexes: Sequence[Path]) -> dict[str, str]:
    """Return the hashes of some images as far as the fingerprint stage or an earlier call computed them.

    Both depend on the bytes that the pin names alone, so that no file can be out of date.
    """
    prints = [path for index in indexes for path in sorted(index.parent.glob("*.fingerprints.parquet"))]
    files = [*prints, *([_cache()] if _cache().is_file() else [])]
    return {each.pin: each.look for path in files for each in _looks(path) if each.pin in pins}


def computed_looks(paths: Mapping[str, str], indexes: Sequence[Path]) -> dict[str, str]:
    """Compute the hashes of images, whose paths are by pin, and remember them; an absent image raises PipelineError."""
    from pipeline_lib.overlap.fingerprints import look  # imagehash is slow to import

    images = ImageReader(list(indexes))
    looks = {pin: look(images.open(path, pin)) for pin, path in sorted(paths.items())}
    if looks:
        _remember(looks)
    return looks


def image_paths(pins: set[str], indexes: Iterable[Path]) -> dict[str, str]:
    """Return the paths of images by pin, of equal ones the first, as far as an index has a usable image."""
    wanted = pa.array(sorted({each.partition(":")[0] for each in pins}), pa.string())
    paths: dict[str, str] = {}
    for batch in (batch for index in indexes for batch in batches(index, ("path", "status", "sha256", "pixels"))):
        for row in batch.filter(compute.is_in(batch["sha256"], wanted)).to_pylist():
            name = pin(row["sha256"], row["pixels"])
            if name in pins and row["status"] not in UNUSABLE:
                paths.setdefault(name, row["path"])
    return paths


def _looks(path: Path) -> Iterator[Look]:
    for batch in batches(path, SCHEMA.names):
        yield from map(Look, batch["pin"].to_pylist(), batch["look"].to_pylist())


def _cache() -> Path:
    return FOLDER / f"imagehash-{version('imagehash')}.parquet"


def _remember(looks: Mapping[str, str]) -> None:
    path = _cache()
    known = {each.pin: each.look for each in (_looks(path) if path.is_file() else ())}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(partial(path), (Look(*each) for each in sorted({**known, **looks}.items())), SCHEMA)
    publish(path)
