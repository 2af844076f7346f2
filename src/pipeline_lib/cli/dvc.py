"""`vlmflow dvc`: write dvc.yaml, record artefacts in dvc.lock, and restore them after a checkout."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.config.study_option import study_option
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.fields import optional_field
from pipeline_lib.core.files import remove, write_text
from pipeline_lib.core.text import pretty_json, read_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.removal import RESTORE, note_removal
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.dvc import stored_records
from pipeline_lib.lineage.dvc.commit import absent_outputs, refusals
from pipeline_lib.lineage.dvc.dvc_lock import LOCK, locked_stages, read_yaml
from pipeline_lib.lineage.dvc.dvc_yaml import IDENTITY, TABLE, identity_path, pipeline, pipeline_text
from pipeline_lib.lineage.dvc.reproduction import verdict
from pipeline_lib.lineage.dvc.restore import examine, heavy_files, is_told, keep_for_reuse
from pipeline_lib.lineage.dvc.stages import Stage, identity, stages
from pipeline_lib.lineage.dvc.write_lock import record_stages
from pipeline_lib.lineage.records import Records
from pipeline_lib.workflow.plan import plan
from pipeline_lib.workflow.snakemake import snakemake

PIPELINE = Path("dvc.yaml")
VERDICTS = Path(".vlmflow/reproduced")
SHOWN_ABSENT = 10
WIDE = 200  # columns where no terminal wraps the lines

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def sync(
    study: StudyOption = DEFAULT,
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail if it is not up to date")] = False,
) -> None:
    """Write dvc.yaml from the workflow of a study."""
    if check:
        _checked(study)
        typer.echo("dvc.yaml is up to date.")
        return
    planned = stages(plan(study))
    write_text(PIPELINE, _pipeline(planned, study))
    typer.echo(f"{PIPELINE}: {len(planned)} stages")


@app.command()
def commit(study: StudyOption = DEFAULT) -> None:
    """Record in dvc.lock what Snakemake made, stage by stage; stale or altered stages are refused."""
    _refuse_inside_a_stage()
    planned = _checked(study)
    _write_identities(planned, study)
    refused = refusals(planned, CurrentState(), locked_stages() if LOCK.is_file() else ())
    names = {refusal.stage for refusal in refused}
    sound = [stage for stage in planned if stage.name not in names]
    absent = [stage.name for stage in sound if absent_outputs(stage)]
    fresh = [stage for stage in sound if stage.name not in absent]
    if fresh:
        stored_records.store(fresh)
        whole = [] if names else [TABLE]
        record_stages({IDENTITY, *(stage.name for stage in fresh), *whole, stored_records.FILE.as_posix()})
    typer.echo(f"{len(fresh)} stages are recorded in dvc.lock.")
    _print_names("incomplete here, and left as committed", absent)
    for refusal in refused:
        typer.echo("\n".join([f"refused: {refusal.stage}", *(f"    {cause}" for cause in refusal.causes)]), err=True)
    if refused:
        raise typer.Exit(1)


@app.command()
def restore(study: StudyOption = DEFAULT) -> None:
    """After a clone, pull or checkout: verify every file, then mark it as current for Snakemake."""
    _refuse_inside_a_stage()
    planned = _checked(study)
    identities = _identities(study)
    present = CurrentState()
    lock = locked_stages()
    findings = examine(planned, lock, identities, present)
    if findings.faults:
        raise PipelineError(
            "not restored:\n" + "\n".join(f"    {fault}" for fault in findings.faults),
            cure="undo the changes, or run snakemake to make the files again",
        )
    if not findings.there:
        raise PipelineError("there is nothing to restore", where="data/ and results/", cure="dvc pull")
    committed = [stage for stage in planned if stage.name in lock]
    for output in _absent_outputs(committed):
        note_removal(output, RESTORE)
    unrestored = stored_records.bring_back(findings.there, lambda job: is_told(job, present))
    stored_records.bring_back_absent([stage for stage in committed if stage not in findings.there])
    for record in _absent_records(committed):
        note_removal(record, RESTORE)
    times = {file: file.stat() for file in heavy_files(findings.there)}
    unrecorded = _absent_records(planned)
    snakemake("--touch", "--forceall", "--quiet", "all", study=study, quiet=True)
    for record in unrecorded:  # the empty log that Snakemake creates would look like that of a killed job
        remove(record)
    for file, before in times.items():
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    keep_for_reuse(findings.there, present)
    typer.echo(f"{len(findings.there)} of {len(planned)} stages are verified and current.")
    _print_names("absent", findings.absent)
    _print_names("without a matching record (dvc pull records.dvc; after dvc repro: vlmflow dvc commit)", unrestored)


@app.command(hidden=True)
def run(stage: str, study: StudyOption = DEFAULT) -> None:
    """Run one stage through Snakemake, for `dvc repro`."""
    stages = optional_field(read_yaml(PIPELINE), "stages", dict, PIPELINE) or {}
    entry = stages.get(stage)
    if entry is None:
        raise PipelineError("dvc.yaml has no such stage", value=stage, cure=suggest(stage, stages, "vlmflow dvc sync"))
    outputs = _paths(entry)
    before, began = _records_of(outputs), time.monotonic()
    snakemake("--quiet", "rules", "host", "--allowed-rules", stage.split("-")[0], "--", *outputs, study=study)
    seconds, after = time.monotonic() - began, _records_of(outputs)
    verdicts = sorted({verdict(before.get(path), after.get(path)) for path in (after or outputs)})
    write_text(VERDICTS / f"{stage}.json", pretty_json({"verdicts": verdicts, "seconds": round(seconds, 1)}))


@app.command(hidden=True)
def table() -> None:
    """Print the verdict on every stage that `dvc repro` made since the last table."""
    stages = Table("stage", "seconds", "", title="stages that dvc repro made")
    for path in sorted(VERDICTS.glob("*.json")):
        result = read_json(path)
        stages.add_row(path.stem, f"{result['seconds']:.1f}", "; ".join(result["verdicts"]))
    Console(width=None if sys.stdout.isatty() else WIDE).print(
        stages if stages.row_count else "No stage was made again."
    )
    remove(VERDICTS)


@app.command(name="identity", hidden=True)
def write_identity(study: StudyOption = DEFAULT) -> None:
    """Write settings, code and libraries of every stage to one file, whose entries are parameters in dvc.yaml."""
    _write_identities(stages(plan(study)), study)


def _absent_outputs(selected: list[Stage]) -> list[Path]:
    """Return the outputs of stages that do not exist here, by design or after a partial pull."""
    jobs = [job for stage in selected for job in stage.jobs]
    return [path for job in jobs for path in job.output_paths if not path.exists()]


def _absent_records(selected: list[Stage]) -> list[Path]:
    """Return the records of stages that do not exist here."""
    return [job.record_path for stage in selected for job in stage.jobs if not job.record_path.exists()]


def _refuse_inside_a_stage() -> None:
    if "DVC_STAGE" in os.environ:
        raise PipelineError("a stage must not call DVC, which is running it", value=os.environ["DVC_STAGE"])


def _checked(study: str) -> list[Stage]:
    """Return the study's stages; PipelineError if dvc.yaml differs from them."""
    planned = stages(plan(study))
    if not PIPELINE.is_file() or PIPELINE.read_text(encoding="utf-8") != _pipeline(planned, study):
        raise PipelineError(
            "this file differs from the study's workflow", where=PIPELINE, cure=f"vlmflow dvc sync{study_option(study)}"
        )
    return planned


def _results(study: str) -> Path:
    return results_folder(study, load_study(study_path(study)))


def _identities(study: str) -> str:
    return identity_path(_results(study))


def _pipeline(planned: list[Stage], study: str) -> str:
    return pipeline_text(pipeline(planned, study_path(study), _results(study), study_option(study)))


def _write_identities(planned: list[Stage], study: str) -> None:
    content = {stage.name: identity(stage) for stage in planned}
    write_text(Path(_identities(study)), pretty_json(content))


def _paths(entry: dict[str, Any]) -> list[str]:
    listed = [out for kind in ("outs", "metrics", "plots") for out in entry.get(kind, [])]
    return [next(iter(out)) if isinstance(out, dict) else out for out in listed]


def _records_of(outputs: list[str]) -> dict[str, MadeRecord]:
    records = Records(Path())
    return {path: record for path in outputs if (record := records.find(path)) is not None}


def _print_names(what: str, names: list[str]) -> None:
    if names:
        first = [f"    {name}" for name in names[:SHOWN_ABSENT]]
        more = len(names) - len(first)
        typer.echo("\n".join([f"{what}: {len(names)}", *first, *([f"    and {more} more"] if more else [])]))
