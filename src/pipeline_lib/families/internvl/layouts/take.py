"""Take third-party files of an InternVL, or of a part of one: link the hub's layout, convert the original's.

Their metadata must agree with what the study states.
"""

from pathlib import Path

from transformers import (
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLVisionConfig,
    InternVLVisionModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from pipeline_lib.checkpoints.completeness import expect_complete, expect_ties, meta_model
from pipeline_lib.checkpoints.file_names import CONFIG
from pipeline_lib.checkpoints.linking import link_files
from pipeline_lib.checkpoints.metadata import check_metadata, expect_depth, read_metadata, understood
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.checkpoints.tokenizers import NAMES
from pipeline_lib.checkpoints.unread import unread_files
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.internvl.layouts.convert import Files, convert_tower, convert_whole, write_companions
from pipeline_lib.families.internvl.layouts.names import name_of_hub
from pipeline_lib.families.internvl.layouts.original_config import CHAT, TOWER
from pipeline_lib.families.internvl.layouts.projector_file import convert_projector, projector_path
from pipeline_lib.models.card import NAME, Card, ModelKind, Stated, read_card, write_card

KINDS: dict[str, ModelKind] = {  # `model_type` of config.json
    **{CHAT: "vlm", "internvl": "vlm", TOWER: "vision", "internvl_vision": "vision", "llama": "language"},
}
CLASSES = {
    "internvl": (InternVLConfig, InternVLForConditionalGeneration),
    "internvl_vision": (InternVLVisionConfig, InternVLVisionModel),
    "llama": (LlamaConfig, LlamaForCausalLM),
}
PROCESSORS = ("processor_config.json", "preprocessor_config.json")


def take_files(files: Files, stated: Stated, folder: Path) -> None:
    """Write the model into a new folder, linked or converted, with a card."""
    model_type = _expect_holds(files, stated.holds)
    if stated.holds == "projector":
        convert_projector(files, folder)
    elif model_type == CHAT:
        convert_whole(files, stated, folder)
    elif model_type == TOWER:
        convert_tower(files, folder)
    else:
        _link(files, stated, model_type, folder)


def names_of_unused(files: Files, holds: str) -> list[str]:
    """Return the names of the unread weights files, such as a second copy in another format."""
    return unread_files(files, {projector_path(files)} if holds == "projector" else set(tensors_of(files).paths))


def _expect_holds(files: Files, holds: ModelKind) -> str:
    """Return the type of the model; raise PipelineError where the files do not hold what the study states."""
    if holds == "projector":
        return holds
    config = read_metadata(files[CONFIG], code=True) if CONFIG in files else {}
    model_type = str(config.get("model_type"))
    if KINDS.get(model_type) != holds:
        raise PipelineError(
            f"these files hold no {holds} of an InternVL", where=CONFIG, value=model_type,
            cure=f"name a folder whose config.json has the model_type {' or '.join(KINDS)}, and what it `holds`",
        )  # fmt: skip
    return model_type


def _link(files: Files, stated: Stated, model_type: str, folder: Path) -> None:
    """Link a model in the hub's layout; the tokenizer of a whole one is written, so that it has this family's words."""
    check_metadata(files)
    model = _checked(files, model_type)
    card = Card(kind=stated.holds, family="internvl")
    if stated.holds == "vlm":
        of_files = read_card(files[NAME].parent) if NAME in files else card
        version = of_files.pixel_shuffle or "v2"  # the only one that transformers has
        card = card.model_copy(update={"template": stated.template, "image_shape": stated.image_shape})
        card = card.model_copy(update={"pixel_shuffle": version})
        link_files({name: path for name, path in files.items() if name not in (NAME, *NAMES, *PROCESSORS)}, folder)
        write_companions(files, model.config, folder)
    else:
        link_files({name: path for name, path in files.items() if name != NAME}, folder)
    write_card(folder, card)


def _checked(files: Files, model_type: str) -> InternVLForConditionalGeneration | InternVLVisionModel:
    """Return the model of files in the hub's layout without values; raise PipelineError where tensors do not fit."""
    config_class, model_class = CLASSES[model_type]
    config, tensors = read_metadata(files[CONFIG]), tensors_of(files)
    where = files[CONFIG].parent
    expect_depth(config, len(tensors.kinds), files[CONFIG])
    with understood(files[CONFIG]):
        model = meta_model(model_class, config_class.from_dict(config))
    names = {name: (name_of_hub(name) or [name])[0] if model_type == "internvl" else name for name in tensors.kinds}
    expect_complete(model, {names[name]: kind.shape for name, kind in tensors.kinds.items()}, where)
    expect_ties(model, tensors, names, where)
    for _ in tensors:  # reading checks that files are whole and values finite
        pass
    return model
