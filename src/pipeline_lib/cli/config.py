"""`vlmflow config`: check a study before anything runs, and list all keys of studies."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.former import FormerlyPositional
from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.ancestry import needed_trainings
from pipeline_lib.config.benchmark_table import with_benchmark_table
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.config.machine import machine_problems, this_machine
from pipeline_lib.config.pins import open_pins
from pipeline_lib.config.places import free_bytes, place_problems, room_problems
from pipeline_lib.config.problem import Problem
from pipeline_lib.config.reference import reference_page
from pipeline_lib.config.schema import study_schema
from pipeline_lib.config.study import Study
from pipeline_lib.core.files import write_text
from pipeline_lib.core.reading import read_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.downloads.pins import PINS
from pipeline_lib.machine.site import download_limits

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """Check a study before anything runs, and list all keys of studies."""


@app.command(cls=FormerlyPositional)
def check(
    study: StudyOption = DEFAULT,
    here: Annotated[
        bool,
        typer.Option("--here", help="check this machine too: files and folders, GPUs, memory, disk space, libraries"),
    ] = False,
) -> None:
    """Report every fault of a study with its line, or summarise the study."""
    path = study_path(study)
    tree = load_study(path, lambda content: problems_here(study, content)) if here else load_study(path)
    parts = ("datasets", "tables", "subsets", "weights", "trainings", "runs", "benchmarks")
    counts = ", ".join(_count(part, len(getattr(tree, part))) for part in parts)
    typer.echo(f"{path}: no fault found. {tree.title}: {counts}.")
    _print_unused(sorted(tree.trainings.keys() - needed_trainings(tree)))
    _print_pins(open_pins(tree))


def _count(part: str, number: int) -> str:
    return f"{number} {part if number != 1 else part.removesuffix('s')}"


@app.command()
def schema() -> None:
    """Print the JSON schema of a study, which editors use to complete keys."""
    typer.echo(pretty_json(study_schema()), nl=False)


@app.command()
def reference() -> None:
    """Print every key of a study as Markdown: type, values, default, meaning."""
    typer.echo(reference_page(), nl=False)


@app.command()
def benchmarks(page: Annotated[Path, typer.Argument(help="the page, such as docs/benchmarks.md")]) -> None:
    """Write the table of all benchmarks into a page, between the two comments that mark it."""
    write_text(page, with_benchmark_table(read_text(page)))


def problems_here(name: str, study: Study) -> list[Problem]:
    """Return a problem for everything that a study needs and this machine lacks."""
    if study.smoke:  # runs on stand-ins, on any CPU
        return []
    download_limits()  # report a fault of site.yaml once, not for every line that names a site path
    absent = list(place_problems(study))
    room = [] if absent else room_problems(study, results_folder(name, study), free_bytes())
    return [*absent, *machine_problems(study, this_machine()), *room]


def _print_unused(trainings: list[str]) -> None:
    if trainings:
        typer.echo(f"no run needs these trainings; they run only on request: {', '.join(trainings)}")


def _print_pins(names: list[str]) -> None:
    if names:
        number = "1 open pin" if len(names) == 1 else f"{len(names)} open pins"
        typer.echo(f"{number}: this study is not reproducible until its data are fetched and {PINS} is committed:")
    for name in names:
        typer.echo(f"  {name}")
