"""`vlmflow score`: score answers from any source with the workflow's scorer."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.benchmarks.base import PROTOCOL, FileNames, Files, load_benchmark
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.scoring.notice import NO_NUMBER
from pipeline_lib.scoring.quality import SUSPECT_ABOVE
from pipeline_lib.scoring.score import ScoreSettings, grade_answers, open_judging, run_score


def score(
    answers: Annotated[Path, typer.Argument(help="answers: LLaVA's JSON Lines or result file, or MMBench's xlsx")],
    benchmark: Annotated[str, typer.Option(help="a module in pipeline_lib/benchmarks")],
    questions: Annotated[Path, typer.Option(help="the question file")],
    gold: Annotated[Path | None, typer.Option(help="the file or folder with the gold answers")] = None,
    protocol: Annotated[str, typer.Option(help="which prompts, settings and scorer to use")] = PROTOCOL,
    seed: Annotated[int, typer.Option(help="seed of the bootstrap")] = 0,
    replies: Annotated[
        list[Path] | None, typer.Option(help="replies of a judge, or what a benchmark's own code made of them")
    ] = None,
    suspect_above: Annotated[
        float, typer.Option(min=0, max=1, help="share of unusable answers that marks the score")
    ] = SUSPECT_ABOVE,
    json: Annotated[bool, typer.Option("--json", help="print the JSON that a study's score file has")] = False,
) -> None:
    """Print the metrics of answers, with 95 % intervals."""
    if not questions.exists():
        raise PipelineError("no such question file", where=questions, cure="name the benchmark's question file")
    if gold is not None and not gold.exists():
        raise PipelineError(
            "no such file or folder of gold answers", where=gold, cure="docs/benchmarks.md names the file"
        )
    load_benchmark(benchmark, protocol)  # raises for an unknown name
    names = FileNames(questions=str(questions), gold=None if gold is None else str(gold))
    settings = ScoreSettings(
        benchmark=benchmark, protocol=protocol, files=names, seed=seed, suspect_above=suspect_above
    )
    judging = open_judging(settings, answers, _present(replies or []))
    if replies and judging is None:
        raise PipelineError("no judge grades this benchmark", where="--replies", value=benchmark, cure="leave it out")
    verdicts = grade_answers(answers, Files(questions, gold), settings, judging=judging)
    scored = run_score(verdicts, settings, answers, judging)
    typer.echo(pretty_json(scored) if json else _table(scored), nl=not json)


def _present(paths: list[Path]) -> list[Path]:
    """Return the paths of files of replies; a missing one raises PipelineError."""
    for path in paths:
        if not path.is_file():
            raise PipelineError("no such file of replies", where=path, cure="name the file of a judge's replies")
    return paths


def _table(scored: dict[str, Any]) -> str:
    lines = [f"{scored['benchmark']} ({scored['protocol']}): {scored['n']} questions, {scored['status']}"]
    lines.append(
        "  " + ", ".join(f"{name} {scored[name]}" for name in ("missing", "failed", "unparsed", "empty", "equal"))
    )
    lines += [f"  MARKED {name}: {reason}" for name, reason in scored["marks"].items()]
    for name, value in scored["metrics"].items():
        flags = [*scored["marks"], *(["primary"] if name == scored["primary"] else [])]
        flag = f" ({', '.join(flags)})" if flags else ""
        lines.append(f"  {name:<24} {_rate(value, scored['interval'][name])}{flag}")
    return "\n".join(lines)


def _rate(value: float | None, interval: list[float] | None) -> str:
    if value is None or interval is None:
        return NO_NUMBER
    return f"{value:.4f}  [{interval[0]:.4f}, {interval[1]:.4f}]"
