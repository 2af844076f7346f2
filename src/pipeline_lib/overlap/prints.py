"""Fingerprints of images as Parquet: what tells whether two images are the same one."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Mapping, Sequence

import pyarrow as pa

from pipeline_lib.core.parquet import read_rows, write_rows


@dataclass(frozen=True)
class Fingerprint:
    """The digests of an image: `pin` names it, as tables and subsets do.

    `source_sha256` is that of the fetched bytes, `pixels_sha256` that of the RGB pixels that a model reads, and `look`
    the 64 bits of a perceptual hash, as 16 hexadecimal digits.
    """

    pin: str
    source_sha256: str
    pixels_sha256: str
    look: str


Prints = Mapping[str, Sequence[Fingerprint]]  # by pin; images of equal bytes may have several sources

SCHEMA = pa.schema([(name, pa.string()) for name in Fingerprint.__dataclass_fields__])


def write_prints(path: Path, rows: Iterable[Fingerprint]) -> None:
    """Write fingerprints in the given order."""
    write_rows(path, rows, SCHEMA)


def read_prints(paths: Iterable[Path]) -> Prints:
    """Return the fingerprints in some files by pin, each once."""
    prints: dict[str, dict[Fingerprint, None]] = defaultdict(dict)
    for path in paths:
        for row in read_rows(path):
            prints[row["pin"]][Fingerprint(**row)] = None
    return {pin: list(rows) for pin, rows in prints.items()}
