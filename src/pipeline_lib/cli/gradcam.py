"""`vlmflow gradcam`: pictures of what in images makes them near to a text, for a CLIP of the study or a checkpoint."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.cli.standing import checkpoint_of
from pipeline_lib.config.asked_model import asked_model
from pipeline_lib.config.benchmark_data import classes_of
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.images.pixels import PixelRule
from pipeline_lib.machine import gpus
from pipeline_lib.machine.environment import check_environment, fix_numerics
from pipeline_lib.machine.facts import library_versions

LIST = "gradcam.json"
LIBRARIES = ["numpy", "pillow", "torch", "transformers"]


def gradcam(
    model: Annotated[
        str, typer.Argument(help="a run, a training or weights of the study, or a checkpoint's folder", metavar="MODEL")
    ],
    image: Annotated[list[Path], typer.Option(help="an image file; several for several images")],
    output: Annotated[Path, typer.Option(help="the new folder for the pictures and their list")],
    text: Annotated[list[str] | None, typer.Option(help="a class's text; several in the classes' order")] = None,
    benchmark: Annotated[str, typer.Option(help="the benchmark whose texts are taken where none is given")] = "",
    target: Annotated[
        int | None, typer.Option(min=0, help="the text that the heat is about, from 0; none: the nearest")
    ] = None,
    pixels: Annotated[PixelRule, typer.Option(help="the rule that turns images into RGB")] = "llava",
    study: StudyOption = DEFAULT,
) -> None:
    """Write a picture for each image: the image, the heat, both overlaid, and the hottest fifth."""
    tree = load_study(study_path(study))
    named = asked_model(model, tree, results_folder(study, tree), asks="clip")
    if named.engine.asks != "clip":
        raise PipelineError("the model of this run is no CLIP", where=model, value=named.engine.name)
    texts = list(text or named.engine.of_benchmark(classes_of(benchmark) if benchmark else ()).model_dump()["texts"])
    _check(texts, target, output)
    how = named.settings()
    check_environment(how.numerics)
    fix_numerics(how)
    folder, digest = checkpoint_of(named, study)
    if how.device == "cuda":
        gpus.take(1)
    from pipeline_lib.inference.heat_pictures import draw_heat  # slow imports
    from pipeline_lib.models.grad_cam import LAYER

    facts = {"model": model, "manifest": digest, "layer": LAYER, "pixels": pixels, "texts": texts}
    libraries = library_versions(LIBRARIES)
    with TemporaryDirectory() as temporary:  # the output appears when all pictures are drawn
        drawn, shown = Path(temporary) / "pictures", Path(temporary) / "images"
        drawn.mkdir()
        shown.mkdir()
        rows = draw_heat(Path(str(folder)), texts, target, image, pixels, how, shown, drawn)
        write_text(drawn / LIST, pretty_json({**facts, "libraries": libraries, "images": rows}))
        shutil.copytree(drawn, output)
    pictures = "1 picture is" if len(rows) == 1 else f"{len(rows)} pictures are"
    typer.echo(f"{pictures} in {output}; {LIST} says what is shown")


def _check(texts: list[str], target: int | None, output: Path) -> None:
    """Raise PipelineError without two texts, for a target that is none of them, and for a folder that exists."""
    if len(texts) < 2:
        cure = "name a benchmark whose classes have texts, --benchmark knee_grading, or two texts by --text"
        raise PipelineError("heat is about one of several texts", where="--text", value=texts, cure=cure)
    if target is not None and target >= len(texts):
        raise PipelineError("no text has this number", where="--target", value=target, cure=f"0 to {len(texts) - 1}")
    above = next(path for path in output.absolute().parents if path.exists())
    if not above.is_dir():
        raise PipelineError("no folder can be here", where="--output", value=str(output), cure=f"{above} is a file")
    if output.exists():
        raise PipelineError("this folder exists", where="--output", value=str(output), cure="name a new one")
