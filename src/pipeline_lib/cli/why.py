"""`vlmflow why`: which stages would run, and the changed value that causes each."""

from typing import Annotated

import typer

from pipeline_lib.cli.options import LookOption, StudyOption
from pipeline_lib.config.load import DEFAULT
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.why import Reason, explain, unseen_sources, unvouched
from pipeline_lib.workflow.plan import plan


def why(
    targets: Annotated[
        list[str] | None, typer.Argument(help="files to make; all scores of the study by default")
    ] = None,
    study: StudyOption = DEFAULT,
    look: LookOption = False,
) -> None:
    """Print the stages that would run, each with its causes and the time it took before."""
    jobs = plan(study, targets, look)
    reasons = explain(jobs, CurrentState().record)
    if not reasons:
        typer.echo("Nothing would run.")
    for reason in reasons:
        typer.echo(f"{reason.name}{_time(reason)}")
        for cause in reason.causes:
            typer.echo(f"    {cause}")
    for line in (*unvouched(jobs), *unseen_sources(jobs)):
        typer.echo(line)
    if reasons:
        known = [reason.seconds for reason in reasons if reason.seconds is not None]
        unknown = len(reasons) - len(known)
        typer.echo(
            f"{len(reasons)} stages, {sum(known):.0f} s by their records" + (f", {unknown} unknown" if unknown else "")
        )


def _time(reason: Reason) -> str:
    return "" if reason.seconds is None else f"  ({reason.seconds:.1f} s when it was last made)"
