"""`vlmflow export rows`: write the rows of a subset or a table as JSON for other trainers."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.study import Study
from pipeline_lib.config.study_option import config_option
from pipeline_lib.conversations.export import RowFormat, export_images, other_pixels, write_export
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError, suggest


def rows(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a subset of the study, or a table")],
    target: Annotated[Path, typer.Argument(help="the JSON file to write; it must not exist yet")],
    form: Annotated[RowFormat, typer.Option("--as", help="the form to write")],
    images: Annotated[
        Path | None, typer.Option(help="the folder for the images; `image` in the rows is relative to it")
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="link the images that are files of their own instead of copying them")
    ] = False,
    study: StudyOption = DEFAULT,
) -> None:
    """Write the rows of a subset, or of a table, for other trainers: llava-json (haotian-liu/LLaVA) or sharegpt."""
    if link and images is None:
        raise PipelineError("--link links images into a folder", cure="add `--images FOLDER`")
    tree = load_study(study_path(study))
    chosen, table = _rows(tree, study, name)
    if target.exists():
        raise PipelineError("this file exists already", where=target, cure="name another, or remove it")
    if images is not None:
        from pipeline_lib.images.reader import ImageReader

        indexes = Paths(tree, "").image_indexes(tree.tables[table].images)
        count = export_images(chosen, ImageReader([_made(path, study) for path in indexes]), images, link)
        typer.echo(f"{images}: {count:,} images")
    write_export(target, chosen, form)
    typer.echo(f"{target}: {len(chosen):,} rows")
    others = other_pixels(chosen)
    if others:
        typer.echo(f"{others:,} images are read by the pixel rule `clean` here; other programs may show them otherwise")


def _rows(tree: Study, study: str, name: str) -> tuple[list[Conversation], str]:
    """Return the rows of a subset, or else of a table, and the name of their table."""
    from pipeline_lib.conversations.subset import subset_conversations
    from pipeline_lib.conversations.table import read_table
    from pipeline_lib.core.digests import DigestCache
    from pipeline_lib.job.manifest import Manifest

    paths, cache = Paths(tree, results_folder(study, tree).as_posix()), DigestCache()
    if name in tree.subsets:
        table = tree.subsets[name].table
        (manifest,), (path,) = paths.subset_manifests(name), paths.table_rows([table])
        return subset_conversations(Manifest(_made(manifest, study), cache).only_file(), _made(path, study)), table
    if name in tree.tables:
        (manifest,) = paths.table_manifests([name])
        return read_table(Manifest(_made(manifest, study), cache).twin(".parquet")), name
    known = [*tree.subsets, *tree.tables]
    raise PipelineError("the study has no such subset or table", value=name, cure=suggest(name, known))


def _made(path: str, study: str) -> Path:
    if not Path(path).is_file():
        cure = f"snakemake -c2 {path}{config_option(study)}"
        raise PipelineError("this file does not exist yet", where=path, cure=cure)
    return Path(path)
