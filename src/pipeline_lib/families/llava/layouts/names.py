"""Translate the names of LLaVA's tensors between all layouts and transformers' modules.

`original`: haotian-liu/LLaVA c121f04, `LlavaLlamaForCausalLM` and `LlavaMistralForCausalLM`. `hub`: the llava-hf files.
transformers 5 writes the latter too, but without `vision_model` for a model that it created.
"""

import re
from typing import Iterable

from pipeline_lib.core.errors import PipelineError

RULES = (  # from any layout to transformers' modules
    (r"model\.(embed_tokens|layers|norm)\.(.+)", r"model.language_model.\1.\2"),
    (r"model\.mm_projector\.0\.(weight|bias)", r"model.multi_modal_projector.linear_1.\1"),
    (r"model\.mm_projector\.2\.(weight|bias)", r"model.multi_modal_projector.linear_2.\1"),
    (r"model\.vision_tower\.vision_tower\.vision_model\.(.+)", r"model.vision_tower.\1"),
    (r"language_model\.model\.(.+)", r"model.language_model.\1"),
    (r"(?:language_model\.)?lm_head\.weight", r"lm_head.weight"),
    (r"(?:model\.)?multi_modal_projector\.(linear_[12])\.(weight|bias)", r"model.multi_modal_projector.\1.\2"),
    (r"(?:model\.)?vision_tower\.(?!vision_tower\.)(?:vision_model\.)?(.+)", r"model.vision_tower.\1"),
    (r"model\.language_model\.(.+)", r"model.language_model.\1"),
)
ORIGINAL = (
    (r"model\.language_model\.(.+)", r"model.\1"),
    (r"model\.multi_modal_projector\.linear_1\.(.+)", r"model.mm_projector.0.\1"),
    (r"model\.multi_modal_projector\.linear_2\.(.+)", r"model.mm_projector.2.\1"),
    (r"model\.vision_tower\.(.+)", r"model.vision_tower.vision_tower.vision_model.\1"),
    (r"lm_head\.weight", r"lm_head.weight"),
)
HUB = (
    (r"model\.language_model\.(.+)", r"language_model.model.\1"),
    (r"model\.multi_modal_projector\.(.+)", r"multi_modal_projector.\1"),
    (r"model\.vision_tower\.(.+)", r"vision_tower.vision_model.\1"),
    (r"lm_head\.weight", r"language_model.lm_head.weight"),
)
# Buffers that older versions wrote and newer ones compute: rotation angles and the position numbers 0, 1, 2 …
# `image_newline` belongs to the 1.6 models; models that merge patches flat do not use it.
DROPPED = re.compile(r".*\.inv_freq|.*\.embeddings\.position_ids|model\.image_newline")
TOWER = "model.vision_tower."
PROJECTOR = "model.multi_modal_projector."


def transformers_name(name: str) -> str | None:
    """Return a tensor's name in transformers' modules, from any layout; None if no LLaVA has such a tensor."""
    return _renamed(name, RULES)


def original_name(name: str) -> str:
    """Return the name in the original's files for a name in transformers' modules."""
    return _renamed(name, ORIGINAL) or name


def hub_name(name: str) -> str:
    """Return the name in the hub's files for a name in transformers' modules."""
    return _renamed(name, HUB) or name


def transformers_names(names: Iterable[str], where: object) -> dict[str, str]:
    """Return the names in transformers' modules by the names in the files, without dropped tensors.

    A tensor that no LLaVA has, and two tensors with the same name in transformers, raise PipelineError.
    """
    translated = {name: transformers_name(name) for name in names if not DROPPED.fullmatch(name)}
    unknown = sorted(name for name, result in translated.items() if result is None)
    if unknown:
        raise PipelineError(
            f"{len(unknown)} tensors of these files do not belong to a LLaVA", where=where, value=unknown[:8]
        )
    if len(set(translated.values())) < len(translated):
        results = list(translated.values())
        twice = sorted(name for name, result in translated.items() if results.count(result) > 1)
        raise PipelineError(
            "several tensors of these files have the same name in transformers", where=where, value=twice[:8]
        )
    return {name: str(result) for name, result in translated.items()}


def _renamed(name: str, rules: tuple[tuple[str, str], ...]) -> str | None:
    for pattern, replacement in rules:
        matched = re.fullmatch(pattern, name)
        if matched:
            return matched.expand(replacement)
    return None
