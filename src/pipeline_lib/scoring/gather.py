"""The gather stage: every run of a study side by side in one score file."""

from pathlib import Path
from typing import Any

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import read_json

SCHEMA = 1


class GatherSettings(Settings):
    """Which benchmark, and the runs in the order of their score files."""

    benchmark: str
    protocol: str
    runs: list[str]
    stamp: str | None = Field(default=None, description="what the scores of a rehearsal are marked with")


def gather(paths: list[Path], settings: GatherSettings) -> dict[str, Any]:
    """Return the score file of a benchmark from the runs' own, which must be of the same benchmark and protocol."""
    runs = {}
    primaries = set()
    for run, path in zip(settings.runs, paths, strict=True):
        score = read_json(path)
        if not isinstance(score, dict):
            raise PipelineError("no score object", where=path, value=type(score).__name__)
        about = {name: score.pop(name, None) for name in ("schema", "primary", "benchmark", "protocol")}
        if (about["benchmark"], about["protocol"]) != (settings.benchmark, settings.protocol):
            raise PipelineError("this score is of another benchmark or protocol", where=path, value=about)
        primaries.add(about["primary"])
        runs[run] = score
    (primary,) = primaries
    return {
        "schema": SCHEMA,
        "benchmark": settings.benchmark,
        "protocol": settings.protocol,
        "primary": primary,
        **({"stamp": settings.stamp} if settings.stamp else {}),
        "runs": runs,
    }
