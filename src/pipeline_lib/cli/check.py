"""`vlmflow check`: compare all artefacts with their records and with the studies."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import LookOption, OneStudyOption
from pipeline_lib.config.load import DEFAULT, made_studies, results_without_study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.check import faults, plan_faults
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.published import differences_to, differences_to_lock, read_published
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.why import unseen_sources
from pipeline_lib.workflow.plan import plan


def check(
    deep: Annotated[
        bool, typer.Option("--deep", help="read every file again instead of trusting its modification time")
    ] = False,
    look: LookOption = False,
    against: Annotated[
        Path | None, typer.Option(help="only compare one study with this file of digests or dvc.lock")
    ] = None,
    study: OneStudyOption = None,
) -> None:
    """List artefacts that differ from their record or the study: missing, failed, stale, altered, edited, unknown."""
    if against is not None:
        if deep or look:
            cure = "leave out --deep and --look"
            raise PipelineError("a comparison does not look at sources", where="--against", cure=cure)
        _compare(against, study or DEFAULT)
        return
    present = CurrentState(deep, look)
    lines, unseen = _all_faults(present, look) if study is None else _faults_of(study, present, look)
    for line in dict.fromkeys([*lines, *unseen]):
        typer.echo(line)
    if lines:
        raise typer.Exit(1)
    typer.echo(f"All artefacts{f' of {study}' if study else ''} exist and match their records.")


def _all_faults(present: CurrentState, look: bool) -> tuple[list[str], list[str]]:
    """Return a line for every fault of all artefacts and studies, and one for every unchecked source."""
    lines, unseen = _recorded_faults(present), []
    for study in made_studies():
        try:
            jobs = plan(study, look=look)
        except PipelineError as error:
            lines.append(f"study {study}: {error}")
            continue
        lines += plan_faults(jobs)
        unseen += unseen_sources(jobs)
    gone = "its study file no longer exists, so nothing can be compared"
    return [*lines, *(f"{folder}/: {gone}" for folder in results_without_study())], unseen


def _faults_of(study: str, present: CurrentState, look: bool) -> tuple[list[str], list[str]]:
    """Return the same for the artefacts of one study."""
    jobs = plan(study, look=look)
    outputs = {path for job in jobs for path in job.outputs.values()}
    return [*_recorded_faults(present, outputs), *plan_faults(jobs)], unseen_sources(jobs)


def _recorded_faults(present: CurrentState, outputs: set[str] | None = None) -> list[str]:
    try:
        return faults(Records(Path()), present, outputs)
    except PipelineError as error:
        return str(error).splitlines()


def _compare(against: Path, study: str) -> None:
    """Print whether a study's artefacts equal the published ones, or the first stage that differs."""
    if against.suffix == ".lock":
        count, lines = differences_to_lock(against, plan(study))
    else:
        published = read_published(against)
        if published.study != study:
            cure = f"name it: --study {published.study}"
            raise PipelineError("these are the digests of another study", where=against, value=study, cure=cure)
        count, lines = differences_to(published, plan(study))
    typer.echo("\n".join(lines) or f"all {count} artefacts equal the published ones")
    if lines:
        raise typer.Exit(1)
