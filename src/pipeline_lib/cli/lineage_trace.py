"""`vlmflow lineage trace`: one answer, from its question and image to what its model was trained on."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import JsonOption
from pipeline_lib.core.text import canonical_json, pretty_json
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.trace import Trace, TracedTraining, trace_answer


def trace(
    result: Annotated[str, typer.Argument(help="a run's score: results/scores/RUN/BENCHMARK.json, or FILE#/runs/RUN")],
    row: Annotated[str, typer.Option("--row", help="the id of the question, as in results/verdicts")],
    json: JsonOption = False,
) -> None:
    """Print question, image, exact prompt, settings, raw answer, the rule that read it, verdict, model, trainings."""
    traced = trace_answer(Records(Path()), Reference.parse(result), row)
    typer.echo(pretty_json(asdict(traced)) if json else _text(traced), nl=not json)


def _text(traced: Trace) -> str:
    verdict, answer = traced.verdict, traced.answer
    lines = [f"question {traced.id} of {traced.benchmark} ({traced.protocol}): {traced.question!r}"]
    for image in traced.images:
        source = f"source {canonical_json(image.source)}"
        lines.append(f"image {image.path}: sha256 {image.sha256}, {image.size} bytes in {image.stored}; {source}")
    lines += [
        f"prompt: {traced.prompt!r}" if traced.prompt is not None else "prompt: formed by the server",
        f"settings: {canonical_json(traced.settings)}",
        f"answer: {answer.get('text')!r}" if answer else "answer: none",
        f"read as {verdict['extracted']!r} by the rule {verdict['rule']}; gold {verdict['gold']!r}",
        f"verdict: grade {verdict['grade']}, {verdict['status']}",
        f"model: {traced.model}, manifest {traced.model_sha256}" if traced.model else "model: behind a server",
        *map(_training, traced.trainings),
    ]
    return "\n".join(lines)


def _training(training: TracedTraining) -> str:
    if training.subset is None:
        return f"{training.checkpoint}: {training.recipe}, no rows"
    rows = f"{training.checkpoint}: {training.recipe} on {training.rows} rows of {training.subset}"
    examples = f", such as {', '.join(training.examples)}" if training.examples else ""
    return f"{rows}; {training.same_image} of them show an image of the question{examples}"
