"""`vlmflow train`: show what a training will see before it starts, and its loss."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.cli.train_loss import loss
from pipeline_lib.config import stages
from pipeline_lib.config.ancestry import origins
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.study import Study
from pipeline_lib.config.study_option import config_option
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.preview.page import HEADINGS, share
from pipeline_lib.recipes.base import Multimodal

UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
STYLES = {"trained": "bold green", "image": "cyan", "cut": "red strike", "context": ""}

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """Show what a training will see before it starts, and its loss."""


app.command()(loss)


@app.command()
def preview(
    training: Annotated[str, typer.Argument(help="a training of the study that reads conversations")],
    rows: Annotated[int, typer.Option(min=0, help="how many rows to show; all are counted")] = 5,
    study: StudyOption = DEFAULT,
) -> None:
    """Show rows of a training with trained text in ⟦brackets⟧, and count all; exit code 1 if it must not start."""
    tree = load_study(study_path(study))
    report = _inspected(study, tree, training, rows)
    console = Console(highlight=False)
    for group, examples in report["shown"].items():
        if examples:
            console.print(Text(f"{HEADINGS[group]}\n", style="bold"))
        for row in examples:
            console.print(_row(row))
    console.print(_counts(report))
    refused = report["refused"]
    if refused is not None:
        raise PipelineError(refused["what"], where=training, value=refused["value"], cure=refused["cure"])


def _inspected(study: str, tree: Study, name: str, rows: int) -> dict[str, Any]:
    """Return the report on a training, from its subset's rows and its model's tokenizer."""
    trainings = tree.trainings.items()
    known = [name for name, entry in trainings if isinstance(entry.recipe, Multimodal) and entry.subset]
    if name not in known:
        raise _no_preview(tree, name, known)
    from pipeline_lib.conversations.subset import subset_conversations  # slow imports
    from pipeline_lib.images.reader import ImageReader
    from pipeline_lib.models.base import folder_without_tensors
    from pipeline_lib.models.opening import open_tokens
    from pipeline_lib.preview.inspect import inspect

    subset = str(tree.trainings[name].subset)
    paths = Paths(tree, results_folder(study, tree).as_posix())
    (table,) = paths.table_rows([tree.subsets[subset].table])
    start, tower = origins(tree, name)
    cache = DigestCache()
    manifests = [Path(path) for path in paths.model_manifests(start, tower)]
    folders = [folder_without_tensors(Manifest(_made(path, study), cache)) for path in manifests]
    (rows_chosen,) = paths.subset_manifests(subset)
    pinned = Manifest(_made(Path(rows_chosen), study), cache).only_file()
    tokens = open_tokens(folders[0], folders[1] if tower else None)
    images = ImageReader([Path(path) for path in paths.image_indexes(paths.images_of(tree.trainings[name]))])
    conversations = subset_conversations(pinned, Path(table))
    return inspect(conversations, tokens, stages.inspect(tree, name), images.size, rows).report


def _no_preview(tree: Study, name: str, known: list[str]) -> PipelineError:
    """Return the error for a training that the study does not have, or whose rows have no preview."""
    if name not in tree.trainings:
        return PipelineError("the study has no such training", value=name, cure=suggest(name, tree.trainings))
    others = f"these have one: {', '.join(known)}" if known else "no training of this study has one"
    what = f"no preview: the recipe {tree.trainings[name].recipe.name} trains on no conversations with images"
    return PipelineError(what, value=name, cure=others)


def _made(path: Path, study: str) -> Path:
    if not path.is_file():
        raise PipelineError(
            "this file does not exist yet", where=path, cure=f"snakemake -c2 {path}{config_option(study)}"
        )
    return path


def _row(row: dict[str, Any]) -> Text:
    image = "".join(f", {path}" for path in row["images"])
    text = Text(f"row {row['row']}{image}: {row['trained']} of {row['tokens']} tokens trained\n", style="dim")
    for part in row["parts"]:
        text.append(_part(part), style=STYLES[part["kind"]])
    return text.append("\n")


def _part(part: dict[str, Any]) -> str:
    """Return a part with its brackets; control characters are replaced."""
    letters = (letter if letter.isprintable() or letter == "\n" else UNPRINTABLE for letter in part["text"])
    text = "".join(letters)
    return {
        "context": text,
        "trained": f"⟦{text}⟧",
        "image": f"<image: {part['tokens']} token{'' if part['tokens'] == 1 else 's'}>",
        "cut": f"<cut off, {part['tokens']} tokens: {text}>",
    }[str(part["kind"])]


def _counts(report: dict[str, Any]) -> Text:
    counts, rows = report["counts"], report["counts"]["rows"]
    lengths = counts["lengths"]
    lines = {
        "rows": f"{rows:,}, {counts['with_image']:,} with an image",
        "tokens": f"{counts['tokens']:,}, of which trained {share(counts['trained_tokens'], counts['tokens'])}",
        "tokens of a row": f"{lengths['least']:,} to {lengths['most']:,}, median {lengths['median']:,}",
        "without a trained token": f"{share(counts['untrained']['rows'], rows)} of the rows",
        "cut off": f"{counts['truncated']['tokens']:,} tokens of {share(counts['truncated']['rows'], rows)} of the rows"
        f" at max_length {report['max_length']:,}",
    }
    return Text("\n".join(f"{name:<24}{line}" for name, line in lines.items()))
