"""Names of LLaVA's tensors in every layout that there is, and one name for each: that of transformers' own modules.

`original`: haotian-liu/LLaVA c121f04, `LlavaLlamaForCausalLM` and `LlavaMistralForCausalLM`. `hub`: the llava-hf files.
transformers 5 writes the latter too, but leaves out `vision_model` where it made the model itself.
"""

import re
from typing import Iterable

from pipeline_lib.core.errors import PipelineError

RULES = (  # a name in any layout, and the name in transformers' modules
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
# Buffers that older versions wrote and newer compute: angles of rotation, and the numbers 0, 1, 2 … of positions.
# `image_newline` is of the 1.6 models and no part of one whose patches are merged flat.
DROPPED = re.compile(r".*\.inv_freq|.*\.embeddings\.position_ids|model\.image_newline")
TOWER = "model.vision_tower."
PROJECTOR = "model.multi_modal_projector."


def own_name(name: str) -> str | None:
    """Return the name of a tensor in transformers' modules, from any layout; None for one of no LLaVA."""
    return _renamed(name, RULES)


def original_name(own: str) -> str:
    """Return the name in the original's files of a tensor of transformers' modules."""
    return _renamed(own, ORIGINAL) or own


def hub_name(own: str) -> str:
    """Return the name in the hub's files of a tensor of transformers' modules."""
    return _renamed(own, HUB) or own


def own_names(names: Iterable[str], where: object) -> dict[str, str]:
    """Return the names in transformers' modules by the names in a file, without what is dropped.

    A name of no LLaVA, and two names for one tensor, raise PipelineError.
    """
    found = {name: own_name(name) for name in names if not DROPPED.fullmatch(name)}
    unknown = sorted(name for name, own in found.items() if own is None)
    if unknown:
        raise PipelineError(
            f"{len(unknown)} tensors of these files have no place in a LLaVA", where=where, value=unknown[:8]
        )
    if len(set(found.values())) < len(found):
        twice = sorted(name for name, own in found.items() if list(found.values()).count(own) > 1)
        raise PipelineError("several tensors of these files have one place", where=where, value=twice[:8])
    return {name: str(own) for name, own in found.items()}


def _renamed(name: str, rules: tuple[tuple[str, str], ...]) -> str | None:
    for pattern, replacement in rules:
        matched = re.fullmatch(pattern, name)
        if matched:
            return matched.expand(replacement)
    return None
