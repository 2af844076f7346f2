"""Save and load models in the Hugging Face layout; missing or unexpected tensors are errors."""

from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from transformers import PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import Card, write_card

M = TypeVar("M", bound=PreTrainedModel)

disable_progress_bar()


def save_model(model: PreTrainedModel, companions: list[Any], folder: Path, card: Card) -> None:
    """Write a model, its companions (tokenizer, processor) and its card into a new folder."""
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    for companion in companions:
        companion.save_pretrained(folder)
    write_card(folder, card)


def load_model(kind: type[M], folder: Path) -> M:
    """Return the model of a folder in float32; raise PipelineError for missing or unexpected tensors.

    If torch's default device is `meta`, the model has shapes alone, and no tensor is read.
    """
    if torch.get_default_device().type == "meta":
        return cast(M, kind(kind.config_class.from_pretrained(folder, local_files_only=True, trust_remote_code=False)))
    model, info = kind.from_pretrained(
        folder, output_loading_info=True, dtype="float32", local_files_only=True, trust_remote_code=False
    )
    faults = {
        name: sorted(map(str, info[name]))
        for name in ("missing_keys", "unexpected_keys", "mismatched_keys")
        if info[name]
    }
    if faults:
        raise PipelineError("the tensors of this checkpoint are not those of its model", where=folder, value=faults)
    loaded: M = model
    return loaded
