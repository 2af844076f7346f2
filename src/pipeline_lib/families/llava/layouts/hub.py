"""Check the files of a model in the hub's layout against its metadata; such models are used without conversion."""

from typing import Any

from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
)

from pipeline_lib.checkpoints.completeness import expect_complete, expect_ties, meta_model
from pipeline_lib.checkpoints.file_names import CONFIG
from pipeline_lib.checkpoints.metadata import check_metadata, expect_depth, read_metadata, understood
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.checkpoints.tokenizers import open_tokenizer
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import typed
from pipeline_lib.families.llava.layouts.detect import Files, config_of, kind_of
from pipeline_lib.families.llava.layouts.names import DROPPED, transformers_names
from pipeline_lib.families.llava.model import VOCABULARY_MULTIPLE
from pipeline_lib.models.card import ImageShape
from pipeline_lib.prompts.base import IMAGE

CLASSES: dict[str, tuple[Any, type[PreTrainedModel]]] = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "clip": (CLIPConfig, CLIPModel),
    "clip_vision_model": (CLIPVisionConfig, CLIPVisionModel),
    "llava": (LlavaConfig, LlavaForConditionalGeneration),
}
GENERATION = "generation_config.json"
PROCESSORS = ("processor_config.json", "preprocessor_config.json")


def check_hub(files: Files) -> None:
    """Read all tensors of a model once; raise PipelineError where tensors, config.json and tokenizer disagree."""
    check_metadata(files)
    kind_of(files)
    settings = config_of(files)
    config_class, model_class = CLASSES[settings["model_type"]]
    where = files[CONFIG].parent
    tensors = tensors_of(files)
    expect_depth(settings, len(tensors.kinds), files[CONFIG])
    with understood(files[CONFIG]):
        config = config_class.from_dict(settings)
        model = meta_model(model_class, config)
    if GENERATION in files:
        with understood(files[GENERATION]):
            GenerationConfig.from_dict(read_metadata(files[GENERATION])).validate()
    names = _model_names(settings["model_type"], tensors, where)
    expect_complete(model, {model_name: tensors.kinds[name].shape for name, model_name in names.items()}, where)
    expect_ties(model, tensors, names, where)
    if settings["model_type"] not in ("clip", "clip_vision_model"):
        _check_tokens(files, config)
    for _ in tensors:  # reading checks that files are whole and values finite
        pass


def stated_shape(files: Files) -> ImageShape | None:
    """Return the image shape of a LLaVA in the hub's layout; None where its processor is CLIP's and states none."""
    for name in PROCESSORS:
        if name in files:
            processor = read_metadata(files[name])
            processor = typed(processor.get("image_processor", processor), dict, files[name], "`image_processor`")
            if "do_pad" in processor and "Llava" in str(processor.get("image_processor_type")):
                return "pad" if processor["do_pad"] else "square"
    return None


def _model_names(model_type: str, tensors: Tensors, where: object) -> dict[str, str]:
    """Return the names in transformers' modules by the names in the files."""
    if model_type == "llava":
        return transformers_names(tensors.kinds, where)
    tensor_names = [name for name in tensors.kinds if not DROPPED.fullmatch(name)]
    prefix = "vision_model." if model_type == "clip_vision_model" else ""
    return {name: name.removeprefix(prefix) for name in tensor_names}


def _check_tokens(files: Files, config: Any) -> None:
    """Raise PipelineError where tokenizer and embedding differ in size by more than the padding of the embedding."""
    tokenizer = open_tokenizer(files)
    rows = config.get_text_config().vocab_size
    if not 0 <= rows - len(tokenizer) < VOCABULARY_MULTIPLE:
        raise PipelineError(
            "the tokenizer and the embedding differ in size", where=files[CONFIG].parent,
            value={"tokens of the tokenizer": len(tokenizer), "rows of the embedding": rows},
            cure="take tokenizer and weights from one model",
        )  # fmt: skip
    if isinstance(config, LlavaConfig) and tokenizer.convert_tokens_to_ids(IMAGE) != config.image_token_id:
        raise PipelineError(
            f"the tokenizer and the model have different ids of {IMAGE}", where=files[CONFIG],
            value={"tokenizer": tokenizer.convert_tokens_to_ids(IMAGE), "model": config.image_token_id},
            cure="take tokenizer and config.json from one model",
        )  # fmt: skip
