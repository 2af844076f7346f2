"""Check that the tensors of some files are exactly those of a model, by name and shape."""

from typing import Mapping

import torch
from transformers import PreTrainedModel

from pipeline_lib.checkpoints.tensors import Tensors
from pipeline_lib.core.errors import PipelineError

Shape = tuple[int, ...]
SHOWN = 8  # names that an error lists for each fault


def meta_model(kind: type[PreTrainedModel], config: object) -> PreTrainedModel:
    """Return a model on the meta device: its tensors have shapes and no values, so nothing is allocated."""
    with torch.device("meta"):
        return kind(config)


def expect_complete(model: PreTrainedModel, shapes: Mapping[str, Shape], where: object) -> None:
    """Raise PipelineError unless these names and shapes are exactly those of a model's tensors.

    A tensor that the model ties to another may be present or absent.
    """
    tied = set(model.all_tied_weights_keys)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in tied}
    shapes = {name: shape for name, shape in shapes.items() if name not in tied}
    faults = {
        "missing": sorted(expected.keys() - shapes.keys()),
        "unexpected": sorted(shapes.keys() - expected.keys()),
        "wrong shape": [
            f"{name}: {list(shapes[name])}, expected {list(expected[name])}"
            for name in sorted(expected.keys() & shapes.keys())
            if shapes[name] != expected[name]
        ],
    }
    value = {fault: _first(names) for fault, names in faults.items() if names}
    if value:
        raise PipelineError(
            "the tensors of these files do not match the model that their config.json describes",
            where=where, value=value, cure="take weights and config.json from one model",
        )  # fmt: skip


def expect_ties(model: PreTrainedModel, tensors: Tensors, model_names: Mapping[str, str], where: object) -> None:
    """Raise PipelineError where a model ties two tensors and the files hold different values for them.

    `model_names` maps names in the files to names in the model. One of the two would be ignored silently.
    """
    for two in model.all_tied_weights_keys.items():
        names = {name for name in model_names if model_names[name] in two}
        pair = [tensor for _, tensor in tensors.some(names.__contains__)]
        if len(pair) == 2 and not torch.equal(*pair):
            raise PipelineError(
                "this model's config.json ties two tensors, but its files hold different values for them", where=where,
                value=list(two), cure="write `tie_word_embeddings: false` into its config.json",
            )  # fmt: skip


def _first(names: list[str]) -> list[str]:
    more = len(names) - SHOWN
    return names[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
