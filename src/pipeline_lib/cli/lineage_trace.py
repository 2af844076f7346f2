"""`vlmflow lineage trace`: one answer, from its question and image to what its model was trained on."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import JsonOption
from pipeline_lib.core.text import canonical_json, pretty_json
from pipeline_lib.images.index import pin
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.trace import Trace, TracedTraining, trace_answer
from pipeline_lib.lineage.training_images import indexes_above, rows_by_image
from pipeline_lib.overlap.nearest_images import NearImage, NearImages, QuestionImage, near_images

DEFAULT = 5  # nearest training images


def trace(
    result: Annotated[str, typer.Argument(help="a run's score: results/scores/RUN/BENCHMARK.json, or FILE#/runs/RUN")],
    row: Annotated[str, typer.Option("--row", help="the id of the question, as in results/verdicts")],
    nearest: Annotated[
        int | None,
        typer.Option(min=0, help=f"training images to list; by default {DEFAULT}, unless that needs many fingerprints"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print question, image, prompt, settings, raw answer, its reading, verdict, model, trainings, nearest images."""
    records = Records(Path())
    traced = trace_answer(records, Reference.parse(result), row)
    near = None if nearest == 0 else _nearest(records, traced, nearest)
    if json:
        typer.echo(pretty_json({**asdict(traced), "nearest": near and asdict(near)}), nl=False)
        return
    typer.echo("\n".join([_text(traced), *(_near_lines(near) if near else [])]))


def _nearest(records: Records, traced: Trace, count: int | None) -> NearImages | None:
    """Return the nearest training images; None if the question has no image, or the model was not trained here."""
    subsets = list(dict.fromkeys(training.subset for training in traced.trainings if training.subset is not None))
    images = [
        QuestionImage(image.path, pin(image.sha256, image.pixels), Path(f"{image.index}.parquet"))
        for image in traced.images
    ]
    if not subsets or not images:
        return None
    rows, indexes = rows_by_image(subsets), indexes_above(records, subsets)
    return near_images(images, rows, indexes, DEFAULT if count is None else count, compute=count is not None)


def _near_lines(near: NearImages) -> list[str]:
    if near.unknown:
        return [f"nearest training images: unknown: {near.unknown}"]
    lines = []
    for path, images in near.images.items():
        lines.append(f"nearest of {near.compared:,} training images to {path}, by perceptual hash:")
        lines += map(_near_line, images)
    return lines


def _near_line(image: NearImage) -> str:
    counts = ", ".join(f"{count} row{'s' * (count != 1)} of {subset}" for subset, count in image.rows.items())
    difference = f"{image.path or image.pin}: {image.distance} of 64 bits differ"
    return f"  {difference}; {counts}, such as {', '.join(image.examples)}"


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
    if training.same_image is None:
        return f"{rows}, which is not here"
    examples = f", such as {', '.join(training.examples)}" if training.examples else ""
    return f"{rows}; {training.same_image} of them show an image of the question{examples}"
