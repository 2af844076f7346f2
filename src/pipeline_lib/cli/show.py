"""`vlmflow show`: the scores of a study as a small table, and where everything lies."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipeline_lib.benchmarks.base import load_benchmark
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json
from pipeline_lib.scoring.notice import NO_NUMBER, marked_runs

COUNTS = {"questions": "n", "unparsed": "unparsed", "missing": "missing"}  # by heading


def show(
    study: Annotated[str, typer.Argument(help="`config` for config.yaml, or NAME for studies/NAME.yaml")] = DEFAULT,
) -> None:
    """Print what was learned, with 95 % intervals."""
    tree = load_study(study_path(study))
    results = results_folder(study, tree)
    console = Console()
    for benchmark in (name for name, use in tree.benchmarks.items() if use.scored):
        path = results / f"{benchmark}_score.json"
        if not path.is_file():
            option = "" if study == DEFAULT else f" --config study={study}"
            raise PipelineError("this study has no score yet", where=path, cure=f"snakemake -c2{option}")
        score = read_json(path)
        console.print(_score_table(tree.title, score, list(tree.runs)))
        typer.echo("".join(f"{line}\n" for line in marked_runs(benchmark, score)), nl=False)
    console.print(_places(results))


def _score_table(title: str, score: dict[str, Any], runs: list[str]) -> Table:
    table = Table(
        title=f"{title}\n{score['benchmark']} ({score['protocol']}){_stamp(score)}",
        caption="brackets: 95 % interval, bootstrap over images or, with copies, questions",
    )
    shown = load_benchmark(score["benchmark"], score["protocol"]).SHOWN
    metrics = [name for name in shown if name in score["runs"][runs[0]]["metrics"]]
    for heading in ("run", *metrics, "answers", *COUNTS):
        table.add_column(heading, justify="left" if heading == "run" else "right")
    for run in runs:
        row = score["runs"][run]
        counts = [str(row[name]) for name in COUNTS.values()]
        table.add_row(run, *(_rate(row, name) for name in metrics), row["status"], *counts)
    return table


def _stamp(score: dict[str, Any]) -> str:
    return f" {score['stamp']}: a rehearsal, not a result" if "stamp" in score else ""


def _rate(row: dict[str, Any], metric: str) -> str:
    """Return a metric with its interval, the marks of the score beside it."""
    if row["metrics"][metric] is None:
        return NO_NUMBER
    low, high = row["interval"][metric]
    return " ".join([f"{row['metrics'][metric]:.3f} \\[{low:.3f}, {high:.3f}]", *row.get("marks", {})])


def _places(results: Path) -> str:
    places = {
        "scores": f"{results}/*_score.json",
        "answers": f"{results}/answers/RUN/BENCHMARK.jsonl",
        "verdicts": f"{results}/verdicts/RUN/BENCHMARK.parquet",
        "checkpoints": f"{results}/checkpoints/TRAINING/",
        "images left out": "data/images/DATASET/quarantine.jsonl",
        "lineage": f"vlmflow lineage show {results}/BENCHMARK_score.json",
    }
    return "\n".join(f"{name:<16} {place}" for name, place in places.items())
