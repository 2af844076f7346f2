"""Convert a lone projector as the original publishes it: one `.pth` with the layers 0, 1 and 3 of `mlp1`."""

from pathlib import Path

from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.internvl.layouts.names import model_names
from pipeline_lib.models.card import Card
from pipeline_lib.models.projector_file import write_projector

LAYERS = ("0", "1", "3")
EXPECTED = {f"mlp1.{layer}.{part}" for layer in LAYERS for part in ("weight", "bias")}


def projector_path(files: dict[str, Path]) -> Path:
    """Return the file of a projector; none, or several, raise PipelineError."""
    names = sorted(name for name in files if name.endswith((".pth", ".bin")))
    if len(names) != 1:
        raise PipelineError(
            "a projector is one `.pth` file", value=names, cure="set `below`, or the source's `files`, to name one"
        )
    return files[names[0]]


def convert_projector(files: dict[str, Path], folder: Path) -> None:
    """Write the projector into a new folder; other or missing tensors raise PipelineError."""
    path = projector_path(files)
    tensors = {f"mlp1.{name.removeprefix('mlp1.')}": value for name, value in tensors_of({"it": path}, ("it",))}
    if tensors.keys() != EXPECTED:
        raise PipelineError(
            "these are not the tensors of an InternVL's projector", where=path, value=sorted(EXPECTED ^ tensors.keys())
        )
    renamed = {model_names(name)[0]: value for name, value in tensors.items()}
    write_projector(renamed, folder, Card(kind="projector", family="internvl"))
