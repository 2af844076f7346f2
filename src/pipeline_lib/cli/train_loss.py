"""`vlmflow train loss`: a picture of the losses of trainings, while they run or afterwards."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.config.study_option import config_option
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.files import write_text
from pipeline_lib.job.progress import SUFFIX
from pipeline_lib.job.reports import last_run, reports
from pipeline_lib.report.loss_picture import draw_losses
from pipeline_lib.training.curve import read_curve
from pipeline_lib.training.settings import Optimisation


def loss(
    trainings: Annotated[list[str] | None, typer.Argument(help="trainings of the study; none: all with steps")] = None,
    out: Annotated[Path, typer.Option(help="the SVG file to write")] = Path("loss.svg"),
    study: StudyOption = DEFAULT,
) -> None:
    """Draw the loss of every step taken so far as an SVG file, which a browser opens from disk."""
    tree = load_study(study_path(study))
    results = results_folder(study, tree)
    known = [name for name, entry in tree.trainings.items() if isinstance(entry.recipe, Optimisation)]
    for name in trainings or []:
        if name not in known:
            raise PipelineError("the study has no such training with steps", value=name, cure=suggest(name, known))
    curves = {name: losses for name in trainings or known if (losses := _losses(results, name))}
    missing = [name for name in trainings or [] if name not in curves]
    if missing or not curves:
        target = f"{results.as_posix()}/checkpoints/{(missing or known or ['TRAINING'])[0]}"
        cure = f"snakemake -c2 {target}{config_option(study)}"
        raise PipelineError("no training has reported a step yet", value=missing or known, cure=cure)
    notes = {name: f"{len(losses):,} steps, the last loss {losses[-1]:.4g}" for name, losses in curves.items()}
    write_text(out, draw_losses(curves, notes))
    typer.echo(f"{out}: {', '.join(f'{name} ({notes[name]})' for name in curves)}")


def _losses(results: Path, name: str) -> list[float]:
    """Return the losses of a training's steps: of its checkpoint's curve, or as it reports them while it runs."""
    progress, curve = results / f"logs/train/{name}{SUFFIX}", results / f"checkpoints/{name}.curve.csv"
    run = last_run(progress) if progress.is_file() else None
    if curve.is_file() and (run is None or run.end is not None):
        return [step.loss for step in read_curve(curve)]
    return [float(line["loss"]) for line in reports(progress, "steps")] if run is not None else []
