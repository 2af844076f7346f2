"""Pins: the digest of every download at its first fetch, in `studies/pins.lock`; other content is refused later.

A download is named by its URL, by `drive:ID`, or by `hub:TYPE/REPOSITORY@REVISION`; its pin holds `sha256` and `size`,
or the `commit` of a revision. Files of a shard that have no other pin are named by their list and shard.
"""

from pathlib import Path
from typing import Any

from pipeline_lib.core import locks
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import canonical_json, read_object
from pipeline_lib.job.resume import LOCKS

PINS = Path("studies/pins.lock")

FIELDS: dict[str, type] = {"size": int, "files": int}  # of a pin; the others are strings

Pin = dict[str, Any]


class Pins:
    """The pins of a project."""

    def __init__(self, path: Path = PINS, locks: Path = LOCKS) -> None:
        self._path = path
        self._locks = locks

    def all(self) -> dict[str, Pin]:
        """Return every pin by the name of its download."""
        if not self._path.exists():
            return {}
        pins = read_object(self._path)
        for name in pins:
            pin = field(pins, name, dict, self._path)
            for key in pin:
                field(pin, key, FIELDS.get(key, str), f"{self._path}: {name}")
        return pins

    def get(self, name: str) -> Pin | None:
        """Return the pin of a download, None if it was never fetched."""
        return self.all().get(name)

    def add(self, name: str, pin: Pin) -> None:
        """Write the pin of a download; a different pin that exists already raises PipelineError."""
        self._locks.mkdir(parents=True, exist_ok=True)
        with (self._locks / "pins").open("a") as lock:
            locks.take(lock)
            pins = self.all()
            if name in pins:
                refuse_other(name, pins[name], pin, self._path)
                return
            write_text(self._path, _text({**pins, name: pin}))


def changed_pins(recorded: dict[str, Pin], pins: dict[str, Pin]) -> dict[str, str]:
    """Return the recorded pins that differ from the present ones, as `old → new` by name."""
    now = {name: canonical_json(pins[name]) if name in pins else "no pin" for name in recorded}
    return {name: f"{canonical_json(pin)} → {now[name]}" for name, pin in recorded.items() if pins.get(name) != pin}


def refuse_other(name: str, pinned: Pin, actual: Pin, where: object = PINS) -> None:
    """Raise PipelineError, with both pins, if they differ."""
    if pinned != actual:
        raise PipelineError(
            f"this download differs from its pin: {name}",
            where=where,
            value=f"pinned {canonical_json(pinned)}, found {canonical_json(actual)}",
            cure="find out why it changed; to accept the new content, remove the pin (the line in "
            "studies/pins.lock, or `sha256` in the study) and run again: results may change",
        )


def _text(pins: dict[str, Pin]) -> str:
    lines = [f" {canonical_json(name)}: {canonical_json(pins[name])}" for name in sorted(pins)]
    return "{\n" + ",\n".join(lines) + "\n}\n"
