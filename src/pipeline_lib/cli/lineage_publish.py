"""`vlmflow lineage publish`: write the digests of a study's artefacts."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT
from pipeline_lib.core.files import write_text
from pipeline_lib.lineage.published import publish as publish_study
from pipeline_lib.workflow.plan import plan


def publish(
    path: Annotated[Path, typer.Argument(help="the file of digests to write")],
    study: StudyOption = DEFAULT,
) -> None:
    """Write the digests of a study's artefacts; `check --against` compares another project with them."""
    published = publish_study(study, plan(study))
    write_text(path, published.model_dump_json(indent=1) + "\n")
    typer.echo(f"{sum(len(stage.files) for stage in published.stages.values())} artefacts")
