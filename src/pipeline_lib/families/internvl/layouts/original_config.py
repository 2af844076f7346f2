"""Translate the configuration of an original InternVL to transformers' and back.

Keys and meanings are those of OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/model/internvl_chat`. Values that
transformers' InternVLForConditionalGeneration cannot express are refused.
"""

from typing import Any

from transformers import InternVLConfig, InternVLVisionConfig

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import typed
from pipeline_lib.families.internvl.pixels import tokens_of_an_image
from pipeline_lib.models.card import PixelShuffle

Config = dict[str, Any]

TEMPLATES = {"hermes_2": "Hermes-2"}  # this project's names, and the original's

CHAT, TOWER = "internvl_chat", "intern_vit_6b"  # `model_type` of a whole model and of a tower
QK_EPS = 1e-6  # of the norms of queries and keys in transformers, whatever the configuration says
TEXT_KEYS = (  # of the language model; other keys do not affect the arithmetic
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("num_key_value_heads", "hidden_act", "max_position_embeddings", "initializer_range", "rms_norm_eps"),
    *("rope_theta", "rope_scaling", "attention_bias", "attention_dropout", "tie_word_embeddings", "use_cache"),
    *("pretraining_tp", "bos_token_id", "eos_token_id", "pad_token_id"),
)
VISION_KEYS = {  # of the tower: the original's, and transformers'
    **{key: key for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")},
    **{key: key for key in ("num_channels", "image_size", "patch_size", "layer_norm_eps", "norm_type")},
    **{key: key for key in ("hidden_act", "initializer_range", "attention_dropout")},
    **{"qkv_bias": "attention_bias", "qk_normalization": "use_qk_norm", "dropout": "hidden_dropout_prob"},
}
DEFAULTS = {"norm_type": "rms_norm", "num_attention_heads": 25}  # of the original, where transformers' is another
WANTED = {  # the supported values, of which None is an absent key, and their meaning
    "select_layer": ((None, -1), "features of the tower's last layer"),
    "pad2square": ((None, False), "images squeezed to a square, not padded"),
    "dynamic_image_size": ((None, False), "one tile an image, as in InternVL-Chat-V1.2"),
    "use_backbone_lora": ((None, 0), "a tower without an adapter"),
    "use_llm_lora": ((None, 0), "a language model without an adapter"),
}


def pixel_shuffle(config: Config, where: object) -> PixelShuffle:
    """Return the version of the pixel shuffle; an absent key means v1, as in the original code."""
    version = config.get("ps_version") or "v1"
    if version not in ("v1", "v2"):
        raise PipelineError("no InternVL has this pixel shuffle", where=f"{where}: ps_version", value=version)
    return "v1" if version == "v1" else "v2"


def expect_template(config: Config, template: str | None, where: object) -> None:
    """Raise PipelineError where the files state another template than the study."""
    stated = config.get("template")
    if stated is not None and stated not in (template, TEMPLATES.get(str(template))):
        what = f"these files are of a model for another template than {template}"
        raise PipelineError(what, where=f"{where}: template", value=stated, cure="correct `template` in the study")


def internvl_config(config: Config, image_token: int, where: object) -> InternVLConfig:
    """Return transformers' configuration of an original InternVL; refused values raise PipelineError."""
    for key, (values, meaning) in WANTED.items():
        if config.get(key) not in values:
            raise _refused(f"this model cannot be converted; expected: {meaning}", where, key, config.get(key))
    text = typed(config.get("llm_config"), dict, where, "`llm_config`")
    kind = text.get("model_type") or "llama"
    if kind != "llama" or text.get("architectures", ["LlamaForCausalLM"]) != ["LlamaForCausalLM"]:
        raise _refused(
            "the language model of this InternVL is no Llama", where, "llm_config", text.get("architectures")
        )
    vision = vision_config(typed(config.get("vision_config"), dict, where, "`vision_config`"), where)
    size = config.get("force_image_size") or _whole(vision.image_size)
    if size != _whole(vision.image_size):
        what = f"this model shows images at another size than its tower has positions for: {_whole(vision.image_size)}"
        raise _refused(what, where, "force_image_size", size)
    ratio = float(config.get("downsample_ratio", 0.5))
    settings = {key: text[key] for key in TEXT_KEYS if text.get(key) is not None}
    return InternVLConfig(
        vision_config=vision,
        text_config={"model_type": "llama", "tie_word_embeddings": False, **settings},
        image_token_id=image_token,
        image_seq_length=tokens_of_an_image(vision, ratio),
        downsample_ratio=ratio,
        tie_word_embeddings=bool(text.get("tie_word_embeddings", False)),
        dtype=config.get("torch_dtype"),
    )


def vision_config(config: Config, where: object) -> InternVLVisionConfig:
    """Return transformers' configuration of an original tower; refused values raise PipelineError."""
    settings = {**DEFAULTS, **{new: config[old] for old, new in VISION_KEYS.items() if config.get(old) is not None}}
    eps = settings.get("layer_norm_eps", QK_EPS)
    if settings.get("use_qk_norm") and eps != QK_EPS:
        raise _refused(
            "transformers has another epsilon of the norms of queries and keys", where, "layer_norm_eps", eps
        )
    return InternVLVisionConfig(**settings, use_mean_pooling=True)


def original_config(hub: Config, version: PixelShuffle, template: str | None) -> Config:
    """Return the configuration of an original InternVL from the dictionary of transformers'."""
    text, vision = hub["text_config"], hub["vision_config"]
    rotation = text.get("rope_parameters") or {}
    scaled = rotation.get("rope_type", "default") != "default"
    dtype = hub.get("dtype") or "float32"
    llm = {key: text[key] for key in TEXT_KEYS if key in text} | {
        **{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": dtype},
        "rope_theta": rotation.get("rope_theta", 10000.0),
        "rope_scaling": {**rotation, "type": rotation["rope_type"]} if scaled else None,
    }
    backbone = {old: _whole(vision[new]) for old, new in VISION_KEYS.items() if new in vision}
    return {
        **{"architectures": ["InternVLChatModel"], "model_type": CHAT, "torch_dtype": dtype},
        **{"llm_config": llm, "vision_config": {**backbone, "model_type": TOWER, "torch_dtype": dtype}},
        **{"downsample_ratio": hub["downsample_ratio"], "select_layer": hub["vision_feature_layer"]},
        **{"force_image_size": _whole(vision["image_size"]), "ps_version": version, "pad2square": False},
        **{"dynamic_image_size": False, "use_backbone_lora": 0, "use_llm_lora": 0},
        "template": TEMPLATES.get(str(template), template),
    }


def _whole(value: Any) -> Any:
    """Return the side of a square size, and any other value as it is."""
    return value[0] if isinstance(value, (list, tuple)) else value


def _refused(message: str, where: object, key: str, value: object) -> PipelineError:
    return PipelineError(message, where=f"{where}: {key}", value=value, cure="take InternVL-Chat-V1.2's files")
