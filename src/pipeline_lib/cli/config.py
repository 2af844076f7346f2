"""`vlmflow config`: check a study before anything runs."""

import typer

from pipeline_lib.config.load import DEFAULT, load_study, study_path

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """Check a study before anything runs."""


@app.command()
def check(study: str = typer.Argument(DEFAULT, help="`config` for config.yaml, or NAME for studies/NAME.yaml")) -> None:
    """Report every fault of a study with its line, or say what the study holds."""
    path = study_path(study)
    tree = load_study(path)
    parts = ("datasets", "tables", "subsets", "weights", "trainings", "runs", "benchmarks")
    counts = ", ".join(f"{len(getattr(tree, part))} {part}" for part in parts)
    typer.echo(f"{path}: no fault found. {tree.title}: {counts}.")
