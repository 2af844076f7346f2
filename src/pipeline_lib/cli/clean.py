"""`vlmflow clean`: empty the caches, or remove artefacts without making them again."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import remove
from pipeline_lib.core.text import read_json
from pipeline_lib.job import resume, reuse
from pipeline_lib.job.manifest import SUFFIX, read_entries
from pipeline_lib.job.removal import CLEAN, note_removal

BESIDE_A_MANIFEST = (
    "name a file or folder beside a manifest, such as results/checkpoints/NAME or data/images/NAME/000.tar"
)


def clean(
    artefacts: Annotated[
        list[str] | None,
        typer.Argument(help="paths that a manifest lists, such as results/checkpoints/full"),
    ] = None,
) -> None:
    """Remove artefacts kept for reuse, downloads and unfinished states; or the named artefacts.

    Manifest and record of an artefact stay. It is made again only when a stage that must run needs it.
    """
    if artefacts:
        for artefact, manifest in [(path, _manifest_of(path)) for path in map(_as_planned, artefacts)]:
            _remove(artefact, manifest)
            typer.echo(f"{artefact} is removed; {manifest} still describes it.")
        return
    from pipeline_lib.downloads.store import FOLDER as DOWNLOADS  # its HTTP library is slow to import
    from pipeline_lib.fetching.unpacked import FOLDER as UNPACKED

    for folder in (reuse.FOLDER, resume.FOLDER, UNPACKED, DOWNLOADS):
        remove(folder)
        typer.echo(f"{folder} is empty.")


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
