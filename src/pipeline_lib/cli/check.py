"""`vlmflow check`: is everything there, as it was made and as it would be made now?"""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.plan import LookOption, plan
from pipeline_lib.config.load import made_studies, results_without_study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.check import faults, plan_faults
from pipeline_lib.lineage.collect import Records
from pipeline_lib.lineage.present import Present
from pipeline_lib.lineage.why import unseen_sources


def check(
    deep: Annotated[bool, typer.Option("--deep", help="read every file anew instead of trusting its times")] = False,
    look: LookOption = False,
) -> None:
    """List what is not as its record or the study says: missing, failed, stale, altered, edited, unknown."""
    try:
        lines = faults(Records(Path()), Present(deep, look))
    except PipelineError as error:
        lines = str(error).splitlines()
    unseen = []
    for study in made_studies():
        try:
            jobs = plan(study, look=look)
        except PipelineError as error:
            lines.append(f"study {study}: {error}")
            continue
        lines += plan_faults(jobs)
        unseen += unseen_sources(jobs)
    lines += [f"{folder}/: its study is gone, so nothing says what it should be" for folder in results_without_study()]
    for line in dict.fromkeys([*lines, *unseen]):
        typer.echo(line)
    if lines:
        raise typer.Exit(1)
    typer.echo("Everything that was made is there, as it was made.")
