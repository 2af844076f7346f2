"""Whether an artefact that a command reads outside the workflow is what the study would make now."""

from pathlib import Path

import typer

from pipeline_lib.config.asked_model import AskedModel
from pipeline_lib.config.study_option import config_option
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.lineage.status import standing
from pipeline_lib.workflow.plan import plan


def unsound(study: str, output: Path) -> str | None:
    """Return the status of an output of a study, with its cause, None if it is what the study would make now."""
    path = output.as_posix()
    status, cause = standing(path, plan(study, [path]))
    return None if status.is_sound else f"{status.value}: {cause}"


def expect_sound(study: str, output: Path) -> None:
    """Raise PipelineError for an output that is not what the study would make now."""
    cause = unsound(study, output)
    if cause is not None:
        cure = f"snakemake -c2 {output}{config_option(study)}, or vlmflow accept it"
        raise PipelineError("the study would make this file again", where=output, value=cause, cure=cure)


def checkpoint_of(named: AskedModel, study: str) -> tuple[Path | None, str | None]:
    """Return the folder of a model's checkpoint, and the digest of its manifest if it is the study's: then verified."""
    if named.manifest is None:
        return named.folder, None
    if not named.manifest.is_file():
        cure = f"snakemake -c2 {named.manifest}{config_option(study)}"
        raise PipelineError("this model is not made yet", where=named.manifest, cure=cure)
    old = unsound(study, named.manifest)
    if old is not None:
        typer.echo(f"note: this model is not what the study would make now; {old}", err=True)
    manifest = Manifest(named.manifest, DigestCache())
    return manifest.folder(), manifest.sha256
