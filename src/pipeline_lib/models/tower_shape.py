"""The settings in which a vision tower must equal the one that it replaces."""

from pathlib import Path
from typing import Any

from pipeline_lib.core.errors import PipelineError

ARITHMETIC = (  # settings that determine the shapes of tensors, or the features of equal tensors
    *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_channels"),
    *("image_size", "patch_size", "hidden_act", "layer_norm_eps"),
)


def expect_same_shape(
    tower: Any, current: Any, owner: str, folder: Path, cure: str, further: tuple[str, ...] = ()
) -> None:
    """Raise PipelineError where the configurations of a tower and of a model's own differ; `owner` names the model.

    `further` are settings of the family's towers beside those that all have.
    """
    differing = {
        key: f"{getattr(tower, key)}, the {owner} has {getattr(current, key)}"
        for key in (*ARITHMETIC, *further)
        if getattr(tower, key) != getattr(current, key)
    }
    if differing:
        what = f"this vision tower does not have the shape of the {owner}'s own"
        raise PipelineError(what, where=folder, value=differing, cure=cure)
