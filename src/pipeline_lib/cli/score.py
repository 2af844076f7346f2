"""`vlmflow score`: score answers from any source with the workflow's scorer."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.benchmarks.base import PROTOCOL, FileNames, Files, load_benchmark
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.rehearsal.questions import Part
from pipeline_lib.scoring.notice import NO_NUMBER, scope_text
from pipeline_lib.scoring.quality import SUSPECT_ABOVE
from pipeline_lib.scoring.scope import not_chosen, with_scope
from pipeline_lib.scoring.score import ScoreSettings, grade_answers, run_score
from pipeline_lib.scoring.shown import Scope


def score(
    answers: Annotated[Path, typer.Argument(help="answers: LLaVA's JSON Lines or result file, or MMBench's xlsx")],
    benchmark: Annotated[str, typer.Option(help="a module in pipeline_lib/benchmarks")],
    questions: Annotated[Path, typer.Option(help="the question file")],
    gold: Annotated[Path | None, typer.Option(help="the file or folder with the gold answers")] = None,
    protocol: Annotated[str, typer.Option(help="which prompts, settings and scorer to use")] = PROTOCOL,
    seed: Annotated[int, typer.Option(help="seed of the bootstrap")] = 0,
    suspect_above: Annotated[
        float, typer.Option(min=0, max=1, help="share of unusable answers that marks the score")
    ] = SUSPECT_ABOVE,
    limit: Annotated[
        int | None, typer.Option(min=1, help="score about as many questions, as a study with this limit and seed")
    ] = None,
    slice_: Annotated[
        int | None, typer.Option("--slice", min=1, help="score the first questions, as lmms-eval's --limit")
    ] = None,
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
        benchmark=benchmark,
        protocol=protocol,
        files=names,
        seed=seed,
        suspect_above=suspect_above,
        limit=limit,
        slice=slice_,
    )
    files = Files(questions, gold)
    chosen = _chosen(files, settings)
    verdicts = grade_answers(answers, files, settings, chosen)
    scored = run_score(verdicts, settings, answers)
    scored = with_scope(scored, verdicts, not_chosen(files, settings, chosen), settings)
    typer.echo(pretty_json(scored) if json else _table(scored), nl=not json)


def _chosen(files: Files, settings: ScoreSettings) -> set[str] | None:
    """Return the ids of the questions of a limit or slice, None for all."""
    if settings.part() is None:
        return None
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    part = Part(settings.limit, settings.slice, settings.seed)
    return {each.id for each in part.of(benchmark.questions(files, settings.protocol), benchmark.cluster)}


def _table(scored: dict[str, Any]) -> str:
    lines = [f"{scored['benchmark']} ({scored['protocol']}): {scored['n']} questions, {scored['status']}"]
    lines.append(
        "  " + ", ".join(f"{name} {scored[name]}" for name in ("missing", "failed", "unparsed", "empty", "equal"))
    )
    if "scope" in scored:
        scope, names = Scope(**scored["scope"]), [scored["primary"]]
        lines.append(f"  PARTIAL, {scope_text(scope, scored['bounds'] or {}, names)}")
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
