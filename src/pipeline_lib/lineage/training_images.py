"""The images that some subsets show: the ids of their rows by image, and the indexes that list the images."""

from collections import defaultdict
from pathlib import Path
from typing import Iterable

from pipeline_lib.core.parquet import batches
from pipeline_lib.job.manifest import SUFFIX
from pipeline_lib.lineage.ancestors import ancestors, artefact_of
from pipeline_lib.lineage.records import Records


def rows_by_image(subsets: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return the ids of the rows that show an image, by its pin and the subset; subsets that are not here have none."""
    rows: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for subset in subsets:
        path = Path(f"{subset}.parquet")
        for batch in batches(path, ("id", "image_sha256")) if path.is_file() else ():
            for name, pins in zip(batch["id"].to_pylist(), batch["image_sha256"].to_pylist(), strict=True):
                for pin in dict.fromkeys((pins or "").split()):
                    rows[pin][subset].append(name)
    return {pin: dict(by_subset) for pin, by_subset in rows.items()}


def indexes_above(records: Records, subsets: Iterable[str]) -> list[Path]:
    """Return the indexes of images that some subsets were made from."""
    above = ancestors(records, [f"{subset}{SUFFIX}" for subset in subsets])
    return [
        Path(f"{artefact_of(name)}.parquet") for record in above if record.stage == "index" for name in record.outputs
    ]
