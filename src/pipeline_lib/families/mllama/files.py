"""Take third-party files of a Mllama: check them against their metadata, and link them."""

from pathlib import Path

from transformers import MllamaConfig, MllamaForConditionalGeneration

from pipeline_lib.checkpoints.completeness import meta_model
from pipeline_lib.checkpoints.file_names import CONFIG
from pipeline_lib.checkpoints.linking import link_files
from pipeline_lib.checkpoints.metadata import check_metadata, expect_depth, read_metadata, understood
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.checkpoints.tokenizers import open_tokenizer
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.mllama.tokens import MARK
from pipeline_lib.models.card import NAME, Card, Stated, write_card


def take_files(files: dict[str, Path], stated: Stated, folder: Path) -> None:
    """Link the files of a whole model in the hub's layout into a new folder, with a card."""
    config = read_metadata(files[CONFIG]) if CONFIG in files else {}
    if stated.holds != "vlm" or config.get("model_type") != "mllama":
        raise PipelineError(
            "these files are not a whole Mllama", where=CONFIG, value=config.get("model_type"),
            cure="name a folder with config.json, weights and tokenizer, and write `holds: vlm`",
        )  # fmt: skip
    check_metadata(files)
    _check_tensors(files, config)
    if open_tokenizer(files).convert_tokens_to_ids(MARK) is None:
        cure = "take tokenizer and weights from one model"
        raise PipelineError(f"this tokenizer has no {MARK}", where=files[CONFIG].parent, cure=cure)
    link_files({name: path for name, path in files.items() if name != NAME}, folder)
    card = Card(kind="vlm", family="mllama", template=stated.template, image_shape=stated.image_shape)
    write_card(folder, card)


def _check_tensors(files: dict[str, Path], config: dict[str, object]) -> None:
    """Read all tensors once; raise PipelineError where their shapes are not the model's, whatever their names."""
    tensors = tensors_of(files)
    expect_depth(config, len(tensors.kinds), files[CONFIG])
    with understood(files[CONFIG]):
        model = meta_model(MllamaForConditionalGeneration, MllamaConfig.from_dict(config))
    expected = sorted(tuple(tensor.shape) for tensor in model.state_dict().values())
    shapes = sorted(kind.shape for kind in tensors.kinds.values())
    if shapes != expected:
        raise PipelineError(
            "the tensors of these files do not match the model that their config.json describes",
            where=files[CONFIG].parent, value=f"{len(shapes)} tensors, expected {len(expected)}",
            cure="take weights and config.json from one model",
        )  # fmt: skip
    for _ in tensors:  # reading checks that files are whole and values finite
        pass
