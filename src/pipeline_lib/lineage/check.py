"""What does not hold of all that was made: missing, altered, edited, of other bytes or pins, or of unknown origin."""

from pathlib import Path
from typing import Iterator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.manifest import SUFFIX
from pipeline_lib.core.record import is_sealed
from pipeline_lib.core.text import canonical_json
from pipeline_lib.downloads.pins import PINS, Pins
from pipeline_lib.lineage.collect import Records
from pipeline_lib.lineage.present import Present

PLACES = ("data", "results")


def faults(records: Records, present: Present) -> list[str]:
    """Return a line for everything that is not as its record says; with records that are none, raise PipelineError."""
    lines = [*_of_records(records, present), *_without_record(records), *_of_pins(records)]
    if records.broken:
        raise PipelineError("\n".join(["these records cannot be read:", *records.broken, *lines]))
    return lines


def _of_records(records: Records, present: Present) -> Iterator[str]:
    for path, record in records.all():
        if not is_sealed(record):
            yield f"{path}: edited since it was written"
        yield from present.faults(record)
        for name, digest in record["inputs"].items():
            maker = records.find(name)
            if maker and maker["outputs"][name] != digest:
                yield from (
                    f"{made}: made from another {name} than the one that is there" for made in record["outputs"]
                )


def _without_record(records: Records) -> Iterator[str]:
    for place in PLACES:
        for path in sorted(Path(place).rglob("*.json")):
            made = path.name.endswith((SUFFIX, "_score.json")) or path.parent.parent.name == "scores"
            if made and records.find(path.as_posix()) is None:
                yield f"{path}: no record says how it was made"


def _of_pins(records: Records) -> Iterator[str]:
    known = Pins().all()
    for _, record in records.all():
        for name, pin in record["notes"].get("pins", {}).items():
            if known.get(name) != pin:
                now = f"says {canonical_json(known[name])} now" if name in known else "has no such pin now"
                yield from (
                    f"{made}: fetched under the pin {name}: {canonical_json(pin)}; {PINS} {now}"
                    for made in record["outputs"]
                )
