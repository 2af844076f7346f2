"""`vlmflow clean`: empty the caches, or remove artefacts without making them again."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli import ask
from pipeline_lib.cli.disk import size_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import remove
from pipeline_lib.core.text import read_json
from pipeline_lib.job import resume, reuse
from pipeline_lib.job.manifest import SUFFIX, read_entries
from pipeline_lib.job.removal import CLEAN, note_removal
from pipeline_lib.lineage.disk import scores_by_output
from pipeline_lib.lineage.former import Former, beyond, former_checkpoints
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.verify import workplace

BESIDE_A_MANIFEST = (
    "name a file or folder beside a manifest, such as results/checkpoints/NAME or data/images/NAME/000.tar"
)


def clean(
    artefacts: Annotated[
        list[str] | None,
        typer.Argument(help="paths that a manifest lists, such as results/checkpoints/full"),
    ] = None,
    keep_last: Annotated[
        int | None,
        typer.Option(
            "--keep-last",
            min=0,
            metavar="N",
            help="only remove copies of models for reuse, and saved states, beyond the newest N of each",
        ),
    ] = None,
) -> None:
    """Remove artefacts kept for reuse, downloads, unfinished states and verifications; or the named artefacts.

    Manifest and record of an artefact stay. It is made again only when a stage that must run needs it.
    """
    if artefacts and keep_last is not None:
        raise PipelineError("--keep-last names no artefact", value=artefacts, cure="leave out one of both")
    records = Records(Path())
    if artefacts:
        scores = scores_by_output(records)
        for artefact, manifest in [(path, _manifest_of(path)) for path in map(_as_planned, artefacts)]:
            _remove(artefact, manifest)
            typer.echo(f"{artefact} is removed; {manifest} still describes it.")
            if standing := scores.get(manifest.as_posix()):
                typer.echo(f"  {_stand(standing)} on it, still valid; a job that must read it makes it again.")
        return
    former = former_checkpoints(records)
    if keep_last is not None:
        _remove_former(former, keep_last)
        return
    for each in former:
        if each.scores:
            typer.echo(f"{each.artefact}: the only copy is removed, and {_stand(each.scores)} on it.")
    from pipeline_lib.downloads.store import FOLDER as DOWNLOADS  # its HTTP library is slow to import
    from pipeline_lib.fetching.unpacked import FOLDER as UNPACKED

    for folder in (reuse.FOLDER, resume.FOLDER, workplace.FOLDER, UNPACKED, DOWNLOADS, ask.FOLDER):
        remove(folder)
        typer.echo(f"{folder} is empty.")


def _remove_former(former: list[Former], count: int) -> None:
    """Remove the copies and states beyond the newest ones; those that a number stands on, or a job uses, remain."""
    freed = 0
    for each in beyond(former, count):
        if each.running or each.scores:
            why = "its job runs" if each.running else f"it is the only copy, and {_stand(each.scores)} on it"
            typer.echo(f"{each.artefact}: the {each.kind} remains: {why}.")
            continue
        remove(each.folder)
        freed += each.frees
        typer.echo(f"{each.artefact}: the {each.kind} is removed, {size_text(each.frees)} freed.")
    typer.echo(f"{size_text(freed)} freed; results stay as they are.")


def _stand(scores: list[str]) -> str:
    return f"{len(scores)} scores stand" if len(scores) > 1 else f"{scores[0]} stands"


def _as_planned(name: str) -> Path:
    """Return a path as the workflow names its outputs: relative to the project."""
    path, project = Path(os.path.normpath(name)), Path.cwd()
    if path.is_absolute() and not path.is_relative_to(project):
        path = path.parent.resolve() / path.name  # a link may lead to the project
    return path.relative_to(project) if path.is_relative_to(project) else path


def _manifest_of(artefact: Path) -> Path:
    """Return the manifest beside an artefact that lists it; PipelineError if there is no artefact or no manifest."""
    if not artefact.exists():
        raise PipelineError("there is no such file or folder", where=artefact, cure=BESIDE_A_MANIFEST)
    for manifest in sorted(artefact.parent.glob(f"*{SUFFIX}")):
        own_folder = manifest.name == artefact.name + SUFFIX
        if own_folder or any(entry.path.split("/")[0] == artefact.name for entry in read_entries(manifest)):
            return manifest
    raise PipelineError(
        "no manifest lists this",
        where=artefact,
        cure=BESIDE_A_MANIFEST,
    )


def _remove(artefact: Path, manifest: Path) -> None:
    """Record the removal of an artefact, then remove it and its copy kept for reuse."""
    note_removal(artefact, CLEAN)
    remove(artefact)
    for entry in reuse.FOLDER.glob(f"*/{reuse.ENTRY}"):
        if manifest.as_posix() in read_json(entry)["record"]["outputs"]:
            remove(entry.parent)
