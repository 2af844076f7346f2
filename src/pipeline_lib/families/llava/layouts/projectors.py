"""Convert a lone projector as the original saves it after stage 1: `mm_projector.bin`, optionally with config.json."""

from pathlib import Path

from pipeline_lib.checkpoints.file_names import CONFIG
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.layouts.detect import PROJECTOR_FILE, Files, config_of
from pipeline_lib.families.llava.layouts.names import PROJECTOR, transformers_name
from pipeline_lib.families.llava.layouts.original_config import check_arithmetic, image_shape, is_original
from pipeline_lib.families.llava.projector import LAYERS
from pipeline_lib.models.card import Card
from pipeline_lib.models.projector_file import write_projector

PARTS = ("weight", "bias")


def convert_projector(files: Files, folder: Path) -> None:
    """Write a projector of two linear layers into a new folder; other or missing tensors raise PipelineError.

    Names may have any prefix, such as PEFT's.
    """
    path = files.get(PROJECTOR_FILE)
    if path is None:
        raise PipelineError(f"there is no {PROJECTOR_FILE}", value=sorted(files)[:5])
    tensors = {}
    for name, tensor in tensors_of(files, (PROJECTOR_FILE,)):
        model_name = transformers_name(f"model.mm_projector.{name.rpartition('mm_projector.')[2]}")
        if model_name is None or not model_name.startswith(PROJECTOR):
            raise PipelineError("this tensor does not belong to a projector of two layers", where=path, value=name)
        tensors[model_name] = tensor
    missing = sorted({f"{PROJECTOR}{layer}.{part}" for layer in LAYERS for part in PARTS} - set(tensors))
    if missing:
        raise PipelineError("this projector lacks tensors", where=path, value=missing)
    shape = None
    if CONFIG in files and is_original(config_of(files)):
        check_arithmetic(config_of(files), files[CONFIG])
        shape = image_shape(config_of(files), files[CONFIG])
    write_projector(tensors, folder, Card(kind="projector", image_shape=shape))
