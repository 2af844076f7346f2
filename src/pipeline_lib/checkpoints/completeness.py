"""The places that a model has for tensors, and whether those of some files fill them: every name is accounted for."""

from typing import Mapping

import torch
from transformers import PreTrainedModel

from pipeline_lib.checkpoints.tensors import Tensors
from pipeline_lib.core.errors import PipelineError

Shape = tuple[int, ...]
SHOWN = 8  # names of each fault that an error tells


def meta_model(kind: type[PreTrainedModel], config: object) -> PreTrainedModel:
    """Return a model of this configuration whose tensors have shapes and no values: nothing is allocated."""
    with torch.device("meta"):
        return kind(config)


def expect_complete(model: PreTrainedModel, given: Mapping[str, Shape], where: object) -> None:
    """Raise PipelineError unless tensors of these names and shapes fill every place of a model, and are no more.

    A tensor that the model ties to another may be there or not.
    """
    tied = set(model.all_tied_weights_keys)
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in tied}
    given = {name: shape for name, shape in given.items() if name not in tied}
    faults = {
        "missing": sorted(wanted.keys() - given.keys()),
        "unexpected": sorted(given.keys() - wanted.keys()),
        "of another shape": [
            f"{name}: {list(given[name])}, expected {list(wanted[name])}"
            for name in sorted(wanted.keys() & given.keys())
            if given[name] != wanted[name]
        ],
    }
    value = {fault: _first(names) for fault, names in faults.items() if names}
    if value:
        raise PipelineError(
            "the tensors of these files are not those of the model that their config.json describes",
            where=where, value=value, cure="take weights and config.json of one model",
        )  # fmt: skip


def expect_ties(model: PreTrainedModel, tensors: Tensors, own: Mapping[str, str], where: object) -> None:
    """Raise PipelineError where a model ties two tensors and the files hold different ones.

    `own` gives names in the model by those in the files. One of the two would be left unused without a word.
    """
    for two in model.all_tied_weights_keys.items():
        names = {name for name in own if own[name] in two}
        pair = [tensor for _, tensor in tensors.some(names.__contains__)]
        if len(pair) == 2 and not torch.equal(*pair):
            raise PipelineError(
                "this model's config.json ties two tensors, and its files hold different ones", where=where,
                value=list(two), cure="write `tie_word_embeddings: false` into its config.json",
            )  # fmt: skip


def _first(names: list[str]) -> list[str]:
    more = len(names) - SHOWN
    return names[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
