"""`vlmflow score`: score answers from anywhere, by the scorer that the workflow uses."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.core.text import pretty_json
from pipeline_lib.scoring.score import ScoreSettings, judge_answers, run_score


def score(
    answers: Annotated[Path, typer.Argument(help="answers in LLaVA's record, JSON Lines")],
    benchmark: Annotated[str, typer.Option(help="a module in pipeline_lib/benchmarks")],
    questions: Annotated[Path, typer.Option(help="the question file")],
    gold: Annotated[Path | None, typer.Option(help="the file or folder with the gold answers")] = None,
    protocol: Annotated[str, typer.Option(help="whose prompts, settings and scorer")] = "llava15",
    seed: Annotated[int, typer.Option(help="seed of the bootstrap")] = 0,
    json: Annotated[bool, typer.Option("--json", help="print the score object of a study's score file")] = False,
) -> None:
    """Print the metrics of answers, with 95 % intervals."""
    names = FileNames(questions=str(questions), gold=None if gold is None else str(gold))
    settings = ScoreSettings(benchmark=benchmark, protocol=protocol, files=names, seed=seed)
    verdicts = judge_answers(answers, Files(questions, gold), settings)
    scored = run_score(verdicts, settings, answers)
    typer.echo(pretty_json(scored) if json else _table(scored), nl=not json)


def _table(scored: dict[str, Any]) -> str:
    lines = [f"{scored['benchmark']} ({scored['protocol']}): {scored['n']} questions, {scored['status']}"]
    lines.append(f"  missing {scored['missing']}, unparsed {scored['unparsed']}")
    for name, value in scored["metrics"].items():
        low, high = scored["interval"][name]
        mark = " (primary)" if name == scored["primary"] else ""
        lines.append(f"  {name:<24} {value:.4f}  [{low:.4f}, {high:.4f}]{mark}")
    return "\n".join(lines)
