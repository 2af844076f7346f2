"""The gather stage: collect the scores of all runs of a study in one score file."""

from pathlib import Path
from typing import Any

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import read_object

SCHEMA = 1


class GatherSettings(Settings):
    """The benchmark, its protocol, and the runs in the order of their score files."""

    benchmark: str
    protocol: str
    runs: list[str]
    stamp: str | None = Field(default=None, description="the mark of a rehearsal's scores")


def gather(paths: list[Path], settings: GatherSettings) -> dict[str, Any]:
    """Return a benchmark's score file from those of its runs, which must have its name and protocol."""
    runs = {}
    primaries = set()
    for run, path in zip(settings.runs, paths, strict=True):
        score = read_object(path)
        about = {name: score.pop(name, None) for name in ("schema", "primary", "benchmark", "protocol")}
        if (about["benchmark"], about["protocol"]) != (settings.benchmark, settings.protocol):
            raise PipelineError("this score is of another benchmark or protocol", where=path, value=about)
        primaries.add(about["primary"])
        runs[run] = score
    primary = primaries.pop() if len(primaries) == 1 else None  # CIDEr needs Java, which one machine may lack
    return {
        "schema": SCHEMA,
        "benchmark": settings.benchmark,
        "protocol": settings.protocol,
        "primary": primary,
        **({"stamp": settings.stamp} if settings.stamp else {}),
        "runs": runs,
    }
