"""The places that a model has for tensors, and whether those of some files fill them: every name is accounted for."""

from typing import Iterable, Mapping

import torch
from transformers import PreTrainedModel

from pipeline_lib.core.errors import PipelineError

Shape = tuple[int, ...]
SHOWN = 8  # names of each fault that an error tells


def places(kind: type[PreTrainedModel], config: object) -> dict[str, Shape]:
    """Return the shape of every tensor of a model of this configuration, by its name; nothing is allocated."""
    with torch.device("meta"):
        model = kind(config)
    tied = set(getattr(model, "all_tied_weights_keys", {}) or {})
    return {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in tied}


def expect_filled(wanted: Mapping[str, Shape], given: Mapping[str, Shape], where: object, names: str = "") -> None:
    """Raise PipelineError where tensors are missing, left over or of another shape; `names` says whose names they are."""
    faults = {
        "missing": sorted(wanted.keys() - given.keys()),
        "unexpected": sorted(given.keys() - wanted.keys()),
        "of another shape": [
            f"{name}: {list(given[name])}, expected {list(wanted[name])}"
            for name in sorted(wanted.keys() & given.keys())
            if given[name] != wanted[name]
        ],
    }
    told = {fault: _shown(found) for fault, found in faults.items() if found}
    if told:
        raise PipelineError(
            "the tensors of these files are not those of the model that their config.json describes",
            where=where, value=told, cure=f"take weights and config.json of one model{names}",
        )  # fmt: skip


def _shown(names: Iterable[str]) -> list[str]:
    found = list(names)
    more = len(found) - SHOWN
    return found[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
