"""`vlmflow show`: print the scores of a study, their status and marks, and the paths of its results."""

from pathlib import Path
from typing import Literal, Sequence

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline_lib.benchmarks.base import load_benchmark
from pipeline_lib.cli.options import LookOption, StudyOption
from pipeline_lib.config.ancestry import needed_trainings
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.config.rehearsal import stamp_text
from pipeline_lib.config.study import BenchmarkUse, Study
from pipeline_lib.config.study_option import config_option
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.score_rows import ScoreRow, score_rows
from pipeline_lib.lineage.why import unseen_sources
from pipeline_lib.overlap.shown import overlap_lines
from pipeline_lib.scoring.notice import NO_NUMBER, marked_runs, not_computed, scopes
from pipeline_lib.scoring.published import published_text
from pipeline_lib.scoring.shown import ShownScore
from pipeline_lib.scoring.turns_text import number_text, rate_text, review_lines
from pipeline_lib.training.health import marked_trainings
from pipeline_lib.workflow.plan import plan

COUNTS = {"questions": "n", "unparsed": "unparsed", "missing": "missing"}  # by heading
FAILED = "failed"  # a further count, where requests to a server failed
COSTS = {
    "unparsed": "unparsed",
    "right": "right",
    "tokens": "tokens",
    "a question": "tokens_per_question",
    "a right answer": "tokens_per_right",
}


def show(
    study: StudyOption = DEFAULT,
    look: LookOption = False,
) -> None:
    """Print the scores with 95 % intervals, and whether each is what the study would give now."""
    tree = load_study(study_path(study))
    results = results_folder(study, tree)
    jobs = plan(study, look=look)
    tables = {name: score_rows(results, name, tree.runs, jobs) for name, use in tree.benchmarks.items() if use.scored}
    if tables and not any(row.score for rows in tables.values() for row in rows):
        cure = f"snakemake -c2{config_option(study)}"
        raise PipelineError("this study has no score yet", where=results / "scores", cure=cure)
    console = Console()
    for name, rows in tables.items():
        use = tree.benchmarks[name]
        names = load_benchmark(use.benchmark, use.protocol).SHOWN
        console.print(_score_table(f"{tree.title}\n{use.benchmark} ({use.protocol}){_stamp(tree, use)}", names, rows))
        if any(row.score and row.score.review for row in rows):
            console.print(_turn_table(f"{use.benchmark} after each turn", names, rows))
        scores = {row.run: row.score for row in rows if row.score is not None}
        for line in _remarks(name, rows, names) + overlap_lines(results / f"{name}_overlap.json", name, scores, names):
            typer.echo(line)
    for line in [*marked_trainings(results, needed_trainings(tree)), *unseen_sources(jobs)]:
        typer.echo(line)
    console.print(_paths(results))


def _remarks(benchmark: str, rows: list[ScoreRow], names: Sequence[str]) -> list[str]:
    """Return lines for rows that are not current, with the cause, for scores over some questions, and for marks.

    Then come metrics that a machine could not compute, and published figures, each beside the number of the run.
    """
    scores = {row.run: row.score for row in rows if row.score is not None}
    unsound = [f"{benchmark} of {row.run} is {row.status}: {row.cause}" for row in rows if row.cause]
    reviews = [f"{benchmark} of {run}{line}" for run, score in scores.items() for line in _of_review(score)]
    lacking = [
        f"{benchmark} of {run}: {line}" for run, score in scores.items() for line in not_computed(score.unavailable)
    ]
    figures = [f"{run}: {published_text(each)}" for run, score in scores.items() for each in score.published]
    marked = scopes(benchmark, scores, names) + marked_runs(benchmark, scores)
    return unsound + marked + lacking + reviews + figures


def _of_review(score: ShownScore) -> list[str]:
    return [f", {line}" for line in review_lines(score.review)] if score.review else []


def _score_table(title: str, names: Sequence[str], rows: list[ScoreRow]) -> Table:
    caption = "brackets: 95 % interval, bootstrap over images or, with copies, questions"
    table = Table(title=title, caption=caption, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    metrics = [name for name in names if any(row.score and name in row.score.metrics for row in rows)]
    counts = {**COUNTS, FAILED: FAILED} if any(row.score and row.score.failed for row in rows) else COUNTS
    for heading in ("run", *metrics, *counts, "status"):
        justify: Literal["left", "right"] = "left" if heading == "run" else "right"
        table.add_column(heading, justify=justify, no_wrap=heading not in metrics, overflow="fold")
    for row in rows:
        cells = _cells(row.score, metrics, counts) if row.score else [NO_NUMBER] * (len(metrics) + len(counts))
        table.add_row(row.run, *cells, row.status, style=None if row.status.is_sound else "red")
    return table


def _turn_table(title: str, names: Sequence[str], rows: list[ScoreRow]) -> Table:
    """Return the table of the runs that review their answers: metrics and costs after every turn."""
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    reviews = {row.run: row.score.review for row in rows if row.score and row.score.review}
    turns = [(run, turn) for run, review in reviews.items() for turn in review.after]
    metrics = [name for name in names if any(turn.metrics and name in turn.metrics for _, turn in turns)]
    for heading in ("run", "turn", *metrics, *COSTS):
        table.add_column(heading, justify="left" if heading == "run" else "right", overflow="fold")
    for run, turn in turns:
        rates = [rate_text((turn.metrics or {}).get(name), (turn.interval or {}).get(name)) for name in metrics]
        costs = [number_text(getattr(turn, name)) for name in COSTS.values()]
        table.add_row(run if turn.turn == 1 else "", str(turn.turn), *map(escape, rates), *costs)
    return table


def _cells(score: ShownScore, metrics: list[str], counts: dict[str, str]) -> list[str]:
    numbers = {name: str(getattr(score, name)) for name in counts.values()}
    if score.scope is not None and score.scope.of > score.n:
        numbers["n"] = f"{score.n}/{score.scope.of}"
    return [*(_rate(score, name) for name in metrics), *numbers.values()]


def _stamp(tree: Study, use: BenchmarkUse) -> str:
    """Return the mark on the scores of a benchmark: as a rehearsal's, or by the part of its questions."""
    part = stamp_text(tree, use)
    return "" if part is None else f" {part}"


def _rate(score: ShownScore, metric: str) -> str:
    """Return a metric with its interval, if it has one, and the marks of the score."""
    value, interval = score.metrics.get(metric), score.interval.get(metric)
    if value is None:
        return NO_NUMBER
    bounds = [f"\\[{interval[0]:.3f}, {interval[1]:.3f}]"] if interval else []
    return " ".join([f"{value:.3f}", *bounds, *score.marks])


def _paths(results: Path) -> str:
    paths = {
        "scores": f"{results}/*_score.json",
        "answers": f"{results}/answers/RUN/BENCHMARK.jsonl",
        "verdicts": f"{results}/verdicts/RUN/BENCHMARK.parquet",
        "checkpoints": f"{results}/checkpoints/TRAINING/",
        "images left out": "data/images/DATASET/quarantine.jsonl",
        "lineage": f"vlmflow lineage show {results}/BENCHMARK_score.json",
    }
    return "\n".join(f"{name:<16} {path}" for name, path in paths.items())
