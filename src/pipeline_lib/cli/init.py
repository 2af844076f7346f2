"""`vlmflow init`: write the file of a study from a few options."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.config.load import DEFAULT, expect_name, load_study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.drafts.draft import Draft, Kind, draft_text


def init(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the study: studies/NAME.yaml, which must not exist yet")],
    kind: Annotated[
        Kind, typer.Option("--for", help="your data; a model on benchmarks; or a LoRA of a model on your data")
    ],
    images: Annotated[str | None, typer.Option(help="the folder of your images")] = None,
    conversations: Annotated[str | None, typer.Option(help="your rows about them, in LLaVA's JSON")] = None,
    model: Annotated[str | None, typer.Option(help="a LLaVA: a folder, or OWNER/NAME in the Hugging Face hub")] = None,
    tower: Annotated[
        str | None, typer.Option(help="its CLIP, if it is in the layout of the original LLaVA: a folder or OWNER/NAME")
    ] = None,
    template: Annotated[str, typer.Option(help="its conversation template, which no file states")] = "vicuna_v1",
    benchmark: Annotated[list[str] | None, typer.Option(help="a benchmark of docs/benchmarks.md; repeat it")] = None,
) -> None:
    """Write studies/NAME.yaml, commented and without faults: for own data, an evaluation or a LoRA."""
    expect_name(name)
    path = Path("config.yaml") if name == DEFAULT else Path("studies") / f"{name}.yaml"
    if path.exists() or name == DEFAULT:
        raise PipelineError("this study exists already", where=path, cure="choose another name, or edit it")
    if not path.parent.is_dir():
        raise PipelineError(
            "this folder is no vlmflow project", where=Path.cwd(), cure="call it in the project's folder"
        )
    text = draft_text(Draft(name, kind, images, conversations, model, tower, template, benchmark or ()))
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    try:
        load_study(path)
    except PipelineError:
        path.unlink()
        raise
    typer.echo(f"{path}: written; read it, then: vlmflow config check --study {name} --here")
