"""The merge stage: merge an adapter into its base and write a receipt of the tensors that this replaced."""

from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.adapter import apply_adapter, holds_projector, replaced_names
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, expect_kind
from pipeline_lib.models.family import Batch
from pipeline_lib.models.opening import family_of, load_vlm, open_vlm

SCHEMA = 2
# Largest difference of a logit before and after, in float32, relative to the largest logit, or to 1 if that is larger.
AGREEMENT = 1e-5

Digests = dict[str, str]


def merge(base: Base, adapter: Path, seed: int, folder: Path) -> dict[str, Any]:
    """Write the merged model into a new folder and return its receipt.

    Raises PipelineError where the adapter's card names another base or the adapter has no effect, where merging
    replaces tensors other than the adapter's, and where logits differ by more than AGREEMENT.
    """
    card = expect_kind(adapter, "adapter")
    if card.base and card.base != base.digests:
        raise PipelineError(
            "this adapter was trained on another base", where=adapter, value=f"{card.base}, given {base.digests}",
            cure="merge it into the model that it was trained on",
        )  # fmt: skip
    whole = Card(kind="vlm", template=card.template, image_shape=card.image_shape)
    family = family_of(base)
    vlm = open_vlm(base, whole, seed, draws_projector=holds_projector(family, adapter))  # and then replaces it
    before, probe = tensor_digests(vlm.model), family.probe(vlm, seed)
    adapted = apply_adapter(vlm.model, family, adapter)
    logits = {"adapter": _logits(adapted, probe)}
    if adapted is not vlm.model:
        vlm.model = adapted.merge_and_unload(safe_merge=True)
    logits["merged"] = _logits(vlm.model, probe)
    vlm.save(folder)
    saved = load_vlm(folder).model
    logits["saved"] = _logits(saved, probe)
    return _receipt(before, tensor_digests(saved), replaced_names(adapter), logits, base.digests)


def tensor_digests(model: PreTrainedModel) -> Digests:
    """Return the sha256 of every tensor's bytes by name."""
    return {
        name: digest_bytes(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes())
        for name, tensor in model.state_dict().items()
    }


def _receipt(
    before: Digests, after: Digests, expected: set[str], logits: dict[str, torch.Tensor], base: dict[str, str]
) -> dict[str, Any]:
    """Return the receipt of a merge; `expected` are the tensors that the adapter may replace."""
    if before.keys() != after.keys():
        raise PipelineError("merging changed the names of tensors", value=sorted(before.keys() ^ after.keys())[:3])
    replaced = {name: {"before": before[name], "after": after[name]} for name in before if before[name] != after[name]}
    if not replaced:
        raise PipelineError("this adapter changes nothing: the merged tensors equal those of its base")
    strange = sorted(replaced.keys() - expected)
    if strange:
        raise PipelineError("merging replaced tensors that are not the adapter's", value=strange[:3])
    scale = max(1.0, float(logits["merged"].abs().max()))
    distance = {
        f"{first} to {second}": float((logits[first] - logits[second]).abs().max()) / scale
        for first, second in (("adapter", "merged"), ("merged", "saved"))
    }
    if max(distance.values()) > AGREEMENT:
        raise PipelineError("logits differ after merging", value=distance)
    untouched = {name: digest for name, digest in before.items() if name not in replaced}
    return {"schema": SCHEMA, "base": base, "logits": distance, "replaced": replaced, "untouched": untouched}


@torch.inference_mode()
def _logits(model: Any, probe: Batch) -> torch.Tensor:
    logits: torch.Tensor = model.eval()(**probe).logits
    return logits
