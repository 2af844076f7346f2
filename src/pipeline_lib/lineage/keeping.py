"""Keeping what is there for reuse, under the key that a job with its record's settings, code and inputs forms."""

from pathlib import Path
from typing import Any

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.kept import Kept, reuse_key


def keep_made(job: dict[str, Any], record: dict[str, Any], cache: DigestCache) -> None:
    """Keep the outputs of a planned job, all of which are there, as what its record tells of."""
    outputs = {name: Path(path) for name, path in job["outputs"].items() if name != "manifest"}
    Kept(outputs, cache).keep(reuse_key(record, outputs), record)
