"""`vlmflow accept`: keep artefacts after a harmless change."""

from typing import Annotated

import typer

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.record import write_record
from pipeline_lib.lineage.accept import acceptance, keep_made
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.workflow.plan import plan
from pipeline_lib.workflow.snakemake import snakemake


def accept(
    targets: Annotated[list[str], typer.Argument(help="files to keep that the workflow would make again")],
    because: Annotated[str, typer.Option(help="why the change is harmless; stored in the record")],
    study: StudyOption = DEFAULT,
) -> None:
    """Accept targets and everything that they derive from as they are; nothing runs, and the records say so."""
    if not because.strip():
        raise PipelineError("an accepted change needs a reason", where="--because")
    jobs = [job for job in plan(study, targets) if job.runs]
    present = CurrentState()
    acceptances = [(job, acceptance(job, because, present)) for job in jobs]
    for job, accepted in acceptances:
        if accepted is None:
            continue
        write_record(job.record_path, accepted.content)
        keep_made(job, accepted.content, DigestCache())
        typer.echo("\n".join([job.name, *(f"    {change}" for change in accepted.changes)]))
    if not jobs:
        typer.echo("Nothing would run: there is nothing to accept.")
        return
    snakemake("--touch", "--quiet", "all", "--", *targets, study=study, quiet=True)
    typer.echo("Accepted.")
