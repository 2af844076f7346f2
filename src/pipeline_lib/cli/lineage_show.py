"""`vlmflow lineage show`: a result's lineage in sentences, then as a tree down to raw files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.cli.console import wide_console
from pipeline_lib.cli.options import JsonOption, OneStudyOption
from pipeline_lib.config.load import made_studies
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.ancestors import narrowed
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.public import public_text
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.status import standing
from pipeline_lib.lineage.summary import summarise
from pipeline_lib.lineage.tree import render
from pipeline_lib.workflow.plan import plan


def show(
    result: Annotated[
        str,
        typer.Argument(help="a score, a manifest, or any other file that a stage made; FILE#/json/pointer for a value"),
    ],
    all_files: Annotated[bool, typer.Option("--all", help="list all raw files, not only the first few")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="write it as one page that opens without a network")
    ] = None,
    study: OneStudyOption = None,
    json: JsonOption = False,
) -> None:
    """Say in sentences what made a result; then print the tree to raw image digests, settings, code and machines."""
    reference, records = Reference.parse(result), Records(Path())
    summary = summarise(records, reference)
    output = records.made(reference.path).path
    lines = [line for name in ([study] if study else made_studies()) for line in _standing(name, output)]
    if html or json:
        steps = [vars(step) for step in summary.steps]  # asdict would copy thousands of settings
        facts = {**vars(summary), "steps": steps, "standing": [public_text(line) for line in lines]}
        if html:
            _write_page(html, facts)
        if json:
            typer.echo(pretty_json(facts), nl=False)
        return
    typer.echo("\n".join(summary.sentences))
    typer.echo()
    console = wide_console()
    console.print(render(records, Path(narrowed(records, reference)), all_files))
    console.print("\n".join(lines) or "no study makes it now, so its status is unknown", markup=False)


def _write_page(path: Path, facts: dict[str, Any]) -> None:
    from pipeline_lib.report.lineage_page import lineage_page  # its template engine is slow to import

    if path.is_dir():
        raise PipelineError(
            "the page is a file", where="--html", value=str(path), cure=f"--html {path / 'lineage.html'}"
        )
    write_text(path, lineage_page(facts))
    typer.echo(f"{path}: {len(facts['steps'])} jobs", err=True)


def _standing(study: str, output: str) -> list[str]:
    """Return a line with the status of an output in a study, no line if the study does not make it."""
    try:
        jobs = plan(study)
    except PipelineError as error:
        return [f"study {study}: {error}"]
    if not any(output in job.outputs.values() for job in jobs):
        return []
    status, cause = standing(output, jobs)
    return [f"study {study}: {status}" + (f": {cause}" if cause else "")]
