"""Translate the configuration of an original LLaVA to transformers' and back.

Keys and meanings are those of haotian-liu/LLaVA c121f04: `llava/model/llava_arch.py`,
`multimodal_encoder/clip_encoder.py` and `multimodal_projector/builder.py`. Values that transformers'
LlavaForConditionalGeneration cannot express are refused.
"""

from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import ImageShape

Config = dict[str, Any]

LANGUAGE = {"llava_llama": "llama", "llava_mistral": "mistral"}  # `model_type` in the original and in transformers
CLASSES = {"llama": "LlavaLlamaForCausalLM", "mistral": "LlavaMistralForCausalLM"}
TEXT_KEYS = (  # of the language model; other keys are LLaVA's or do not affect the arithmetic
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "hidden_act", "max_position_embeddings", "initializer_range", "rms_norm_eps"),
    *("rope_theta", "rope_scaling", "attention_bias", "attention_dropout", "mlp_bias", "sliding_window"),
    *("tie_word_embeddings", "use_cache", "pretraining_tp", "bos_token_id", "eos_token_id", "pad_token_id"),
)
TOWER_KEY = "mm_vision_tower"
UNFREEZE = "unfreeze_mm_vision_tower"  # true: the tower's tensors are read from the checkpoint, else from TOWER_KEY
SELECTED = {"patch": "default", "cls_patch": "full"}  # `mm_vision_select_feature`: transformers' strategy
WANTED = {  # the supported values, of which None is an absent key, and their meaning
    "mm_projector_type": ((None, "mlp2x_gelu"), "a projector of two linear layers"),
    "mm_patch_merge_type": (("flat", None), "patches in one row, as in LLaVA-1.5"),
    "mm_use_im_start_end": ((False, None), "no tokens around the image"),
    "s2": ((False, None), "one scale of the image"),
}


def is_original(config: Config) -> bool:
    """Return whether a configuration is that of an original LLaVA."""
    return config.get("model_type") in LANGUAGE


def image_shape(config: Config, where: object) -> ImageShape:
    """Return the image shape of an original LLaVA; an absent key means `square`, as in the original code."""
    aspect_ratio = config.get("image_aspect_ratio") or "square"
    if aspect_ratio not in ("square", "pad"):
        raise PipelineError(
            "the image shape of this model is not supported", where=f"{where}: image_aspect_ratio",
            value=aspect_ratio, cure="LLaVA-1.5 uses `pad` or `square`; models of LLaVA-1.6 (anyres) are not converted",
        )  # fmt: skip
    return "pad" if aspect_ratio == "pad" else "square"


def check_arithmetic(config: Config, where: object) -> None:
    """Raise PipelineError where transformers' Llava does not support the arithmetic of an original LLaVA."""
    for key, (values, meaning) in WANTED.items():
        if config.get(key) not in values:
            raise PipelineError(
                f"this model cannot be converted; expected: {meaning}", where=f"{where}: {key}", value=config.get(key)
            )
    if config.get("mm_projector_type") is None:
        raise PipelineError(
            "this model has the linear projector of LLaVA-1, which transformers' Llava does not support",
            where=f"{where}: mm_projector_type", cure="use a LLaVA-1.5 model (`mlp2x_gelu`)",
        )  # fmt: skip


def text_config(config: Config) -> Config:
    """Return the configuration of an original LLaVA's language model, as arguments of transformers' class."""
    settings = {key: config[key] for key in TEXT_KEYS if key in config}
    return {"model_type": LANGUAGE[config["model_type"]], **_rotation(settings)}


def vision_settings(config: Config) -> Config:
    """Return how an original LLaVA reads its tower, as arguments of transformers' LlavaConfig."""
    chosen = config.get("mm_vision_select_feature", "patch")
    return {
        "vision_feature_layer": config.get("mm_vision_select_layer", -2),
        "vision_feature_select_strategy": SELECTED[chosen],
        "projector_hidden_act": "gelu",
        "multimodal_projector_bias": True,
    }


def original_config(hub: Config, rows: int, shape: ImageShape, tower: str, inside: bool) -> Config:
    """Return the configuration of an original LLaVA from the dictionary of transformers' Llava.

    `rows` is the vocabulary without the tokens that transformers adds, `tower` the value of `mm_vision_tower`; `inside`
    tells whether the original reads the tower from the checkpoint itself.
    """
    text = hub["text_config"]
    rotation = text.get("rope_parameters") or {}
    scaled = rotation.get("rope_type", "default") != "default"
    settings = {key: text[key] for key in TEXT_KEYS if key in text}
    chosen = {new: old for old, new in SELECTED.items()}[hub["vision_feature_select_strategy"]]
    return {
        **settings,
        "architectures": [CLASSES[text["model_type"]]],
        "model_type": f"llava_{text['model_type']}",
        "vocab_size": rows,
        "rope_theta": rotation.get("rope_theta", 10000.0),
        "rope_scaling": {**rotation, "type": rotation["rope_type"]} if scaled else None,
        "torch_dtype": text.get("dtype") or hub.get("dtype") or "float32",
        "image_aspect_ratio": shape,
        "mm_hidden_size": hub["vision_config"]["hidden_size"],
        "mm_patch_merge_type": "flat",
        "mm_projector_type": "mlp2x_gelu",
        "mm_use_im_patch_token": False,
        "mm_use_im_start_end": False,
        "mm_vision_select_feature": chosen,
        "mm_vision_select_layer": hub["vision_feature_layer"],
        TOWER_KEY: tower,
        "use_mm_proj": True,
        **({UNFREEZE: True} if inside else {}),
    }


def _rotation(text: Config) -> Config:
    """Return a language model's configuration with the rotary settings in the form of transformers 5."""
    rest = {key: value for key, value in text.items() if key not in ("rope_theta", "rope_scaling")}
    scaling = dict(text.get("rope_scaling") or {})
    kind = scaling.pop("type", None) or scaling.get("rope_type") or "default"
    parameters = {**scaling, "rope_type": kind, "rope_theta": text.get("rope_theta", 10000.0)}
    return {**rest, "rope_parameters": parameters}
