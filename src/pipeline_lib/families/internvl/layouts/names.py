"""Translate the names of InternVL's tensors between the original's files, the hub's files and transformers' modules.

`original`: OpenGVLab/InternVL 2410d1d, `InternVLChatModel` and `InternVisionModel`. `hub`: transformers 5.23.
The original has queries, keys and values in one tensor, transformers in three.
"""

import re

import torch

TOWER, PROJECTOR = "model.vision_tower.", "model.multi_modal_projector."
LAYER = re.compile(r"vision_model\.encoder\.layers\.(\d+)\.(.+)")
MODEL_LAYER = re.compile(r"model\.vision_tower\.encoder\.layer\.(\d+)\.(.+)")
TOGETHER, APART = "attn.qkv.", ("attention.q_proj.", "attention.k_proj.", "attention.v_proj.")
IN_LAYER = (  # beginnings of names in a layer of the tower: of the original, and of transformers
    *(("attn.proj.", "attention.projection_layer."), ("mlp.", "mlp."), ("ls1", "lambda_1"), ("ls2", "lambda_2")),
    *(("attn.q_norm.", "attention.q_norm."), ("attn.k_norm.", "attention.k_norm.")),
    *(("norm1.", "layernorm_before."), ("norm2.", "layernorm_after.")),
)
OUTSIDE = (
    ("vision_model.embeddings.class_embedding", f"{TOWER}embeddings.cls_token"),
    ("vision_model.embeddings.position_embedding", f"{TOWER}embeddings.position_embeddings"),
    ("vision_model.embeddings.patch_embedding.", f"{TOWER}embeddings.patch_embeddings.projection."),
    ("mlp1.0.", f"{PROJECTOR}layer_norm."),
    ("mlp1.1.", f"{PROJECTOR}linear_1."),
    ("mlp1.3.", f"{PROJECTOR}linear_2."),
    ("language_model.model.", "model.language_model."),
    ("language_model.lm_head.", "lm_head."),
)
HUB = (
    *((TOWER, "vision_tower."), (PROJECTOR, "multi_modal_projector.")),
    *(("model.language_model.", "language_model.model."), ("lm_head.", "language_model.lm_head.")),
)


def model_names(name: str) -> list[str]:
    """Return the names in transformers of a tensor of the original: three, one, or none if no InternVL has it."""
    layer = LAYER.fullmatch(name)
    if layer is None:
        return _renamed([name], OUTSIDE)
    if layer[2].startswith(TOGETHER):
        inner = [part + layer[2].removeprefix(TOGETHER) for part in APART]
    else:
        inner = _renamed([layer[2]], IN_LAYER)
    return [f"{TOWER}encoder.layer.{layer[1]}.{each}" for each in inner]


def original_name(name: str) -> str:
    """Return the original's name of a tensor of transformers; queries, keys and values share one."""
    layer = MODEL_LAYER.fullmatch(name)
    if layer is None:
        return (_renamed([name], _turned(OUTSIDE)) or [name])[0]
    together = tuple((part, TOGETHER) for part in APART)
    inner = _renamed([layer[2]], (*together, *_turned(IN_LAYER))) or [layer[2]]
    return f"vision_model.encoder.layers.{layer[1]}.{inner[0]}"


def hub_name(name: str) -> str:
    """Return the name in the hub's files for a name in transformers' modules."""
    return (_renamed([name], HUB) or [name])[0]


def name_of_hub(name: str) -> list[str]:
    """Return the name in transformers' modules for one in the hub's files; none if no InternVL has it."""
    return _renamed([name], _turned(HUB))


def parts(tensor: torch.Tensor, count: int) -> tuple[torch.Tensor, ...]:
    """Return a tensor of the original as that many equal blocks of rows."""
    return tuple(tensor.chunk(count)) if count > 1 else (tensor,)


def _renamed(names: list[str], pairs: tuple[tuple[str, str], ...]) -> list[str]:
    """Return names with another beginning, without those that no pair knows."""
    return [new + name.removeprefix(old) for name in names for old, new in pairs if name.startswith(old)]


def _turned(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((new, old) for old, new in pairs)
