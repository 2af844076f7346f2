"""`vlmflow compare`: two files of answers to the same questions, row by row."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.cli.score_text import SHOWN
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.rescoring.compare import compare_answers
from pipeline_lib.rescoring.protocols import named_protocol
from pipeline_lib.scoring.score import ScoreSettings

LISTED = 20  # differences


def compare(
    first: Annotated[Path, typer.Argument(help="answers in any form of docs/benchmarks.md")],
    second: Annotated[Path, typer.Argument(help="further answers to the same questions, in any form")],
    benchmark: Annotated[str, typer.Option(help="a module in pipeline_lib/benchmarks")],
    questions: Annotated[Path, typer.Option(help="the question file")],
    gold: Annotated[Path | None, typer.Option(help="the file or folder with the gold answers")] = None,
    protocol: Annotated[str | None, typer.Option(help="whose prompts, settings and scorer")] = None,
    images: Annotated[
        list[Path] | None, typer.Option(help="an index of the images, data/images/DATASET/index.parquet")
    ] = None,
    slice_: Annotated[
        int | None, typer.Option("--slice", min=1, help="compare the first questions alone, as lmms-eval's --limit")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON, with every difference")] = False,
) -> None:
    """Print both scores, and why answers of two files differ."""
    for path in (first, second, questions, *([gold] if gold else []), *(images or [])):
        if not path.exists():
            raise PipelineError("no such file", where=path, cure="name an existing file")
    settings = ScoreSettings(
        benchmark=benchmark,
        protocol=named_protocol(benchmark, protocol),
        files=FileNames(questions=str(questions), gold=None if gold is None else str(gold)),
        slice=slice_,
    )
    compared = compare_answers((first, second), Files(questions, gold), settings, ImageReader(images or []))
    typer.echo(pretty_json(compared) if json else _text(compared, {"first": first, "second": second}), nl=not json)


def _text(compared: dict[str, Any], paths: dict[str, Path]) -> str:
    lines = [f"{name}: {paths[name]}: {_metric(score)}" for name, score in compared["scores"].items()]
    lines.append(f"{compared['equal']} of {compared['questions']} answers are equal")
    lines += [f"  {count} x {reason}" for reason, count in compared["reasons"].items()]
    rows = compared["differences"]
    if rows:
        lines.append(f"{compared['change_the_score']} of the {len(rows)} differences change the score:")
    lines += [_row(row) for row in rows[:LISTED]]
    if len(rows) > LISTED:
        lines.append(f"  and {len(rows) - LISTED} more: --json lists all")
    return "\n".join(lines)


def _row(row: dict[str, Any]) -> str:
    return f"  {row['id']}: {_answer(row['first'])} against {_answer(row['second'])}: {row['reason']}"


def _metric(score: dict[str, Any]) -> str:
    name = score["primary"]
    value = None if name is None else score["metrics"][name]
    return f"{name} {'none' if value is None else format(value, '.4f')}, answers read as {score['answers_from']}"


def _answer(side: dict[str, Any]) -> str:
    return repr(side["answer"][:SHOWN]) if side["answer"] is not None else "no answer"
