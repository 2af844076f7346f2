"""The scores of a study's runs beside their status, as `vlmflow show` and notebooks list them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.status import standing
from pipeline_lib.scoring.shown import ShownScore, read_shown


@dataclass(frozen=True)
class ScoreRow:
    """One run's score on a benchmark, None if its file has no score; its status, and the cause of it."""

    run: str
    score: ShownScore | None
    status: Status
    cause: str


def score_rows(
    results: Path, benchmark: str, runs: Iterable[str], jobs: list[AssessedJob], root: Path = Path()
) -> list[ScoreRow]:
    """Return the score of every run on a benchmark; `results` is relative to `root`, the project's folder."""
    paths = {run: results / "scores" / run / f"{benchmark}.json" for run in runs}
    return [ScoreRow(run, read_shown(root / path), *standing(path.as_posix(), jobs)) for run, path in paths.items()]
