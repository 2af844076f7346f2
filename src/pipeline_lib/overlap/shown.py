"""What `vlmflow show` says of overlap: how many questions it affects, and the scores without them."""

from pathlib import Path
from typing import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from pipeline_lib.overlap.images import KINDS
from pipeline_lib.overlap.rows import QUESTION
from pipeline_lib.scoring.shown import ShownScore
from pipeline_lib.scoring.turns_text import rate_text


class ShownClean(BaseModel):
    """Metrics with their 95 % intervals over the clean questions; None if there is no answer to one."""

    n: int
    metrics: dict[str, float | None] | None
    interval: dict[str, tuple[float, float] | None] | None


class ShownRun(BaseModel):
    """The overlap of one run: affected questions by kind, those left out, and the score of the others."""

    affected: dict[str, int]
    left_out: int
    not_compared: list[str]
    clean: ShownClean
    answers: str


class ShownOverlap(BaseModel):
    """The overlap file of a benchmark."""

    runs: dict[str, ShownRun]


def overlap_lines(path: Path, benchmark: str, scores: Mapping[str, ShownScore], names: Sequence[str]) -> list[str]:
    """Return a line for every scored run in a benchmark's overlap file; none where the file is absent or no such file.

    `names` are the metrics to print.
    """
    try:
        overlap = ShownOverlap.model_validate_json(path.read_bytes()) if path.is_file() else ShownOverlap(runs={})
    except ValidationError:
        return []
    return [
        f"{benchmark} of {run}: {_text(overlap.runs[run], score, path, names)}"
        for run, score in scores.items()
        if run in overlap.runs
    ]


def _text(run: ShownRun, score: ShownScore, path: Path, names: Sequence[str]) -> str:
    if score.answers is not None and score.answers != run.answers:
        return f"its overlap is that of other answers; make {path} again"
    kinds = ", ".join(f"{kind} {run.affected.get(kind, 0)}" for kind in KINDS)
    words = f"equal words {run.affected.get(QUESTION, 0)}"
    unknown = f"; not compared: the data of {', '.join(run.not_compared)}" if run.not_compared else ""
    metrics, intervals = run.clean.metrics or {}, run.clean.interval or {}
    rates = [f"{name} {rate_text(metrics[name], intervals.get(name))}" for name in names if name in metrics]
    without = f"; over the other {run.clean.n}: {', '.join(rates)}" if run.left_out and rates else ""
    return f"{run.left_out} questions are left out as seen in its trainings ({kinds}; {words}){without}{unknown}"
