"""Save and load the projector of a model alone, and check that saved tensors fit a model."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import Card, read_card, write_card

PROJECTOR_TENSORS = "projector.safetensors"

Prefixes = tuple[str, ...]  # of the names of a part's parameters


def save_projector(model: PreTrainedModel, prefixes: Prefixes, folder: Path, card: Card) -> None:
    """Write a model's projector and the card into a new folder."""
    write_projector(_of(model, prefixes), folder, card)


def write_projector(tensors: dict[str, torch.Tensor], folder: Path, card: Card) -> None:
    """Write a projector's tensors, named as in the whole model, and the card into a new folder."""
    folder.mkdir(parents=True)
    save_tensors(tensors, folder / PROJECTOR_TENSORS)
    write_card(folder, card)


def put_projector(model: PreTrainedModel, prefixes: Prefixes, folder: Path) -> None:
    """Load a saved projector into a model; raise PipelineError where its tensors do not match."""
    tensors = load_file(folder / PROJECTOR_TENSORS)
    expect_tensors(_of(model, prefixes), tensors, folder / PROJECTOR_TENSORS)
    model.load_state_dict(tensors, strict=False)


def expect_shape(folder: Path, image_shape: str) -> None:
    """Raise PipelineError where a projector's card states another image shape."""
    trained = read_card(folder).image_shape
    if trained not in (None, image_shape):
        raise PipelineError(
            "this projector was trained with another image shape", where=folder, value=image_shape,
            cure=f"write `image_shape: {trained}`; a training that starts from this model may set another one",
        )  # fmt: skip


def save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write tensors, moved to the CPU, as a safetensors file."""
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"}
    )


def expect_tensors(expected: dict[str, torch.Tensor], tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Raise PipelineError where names or shapes of an adapter's tensors are not the expected ones."""
    shapes = [{name: tuple(value.shape) for name, value in named.items()} for named in (expected, tensors)]
    if shapes[0] != shapes[1]:
        base, adapter = (sorted(map(str, one.items() - other.items()))[:3] for one, other in (shapes, shapes[::-1]))
        raise PipelineError(
            "the tensors of this adapter are not those of its base", where=path,
            value={"base": base, "adapter": adapter},
        )  # fmt: skip


def _of(model: PreTrainedModel, prefixes: Prefixes) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in model.state_dict().items() if name.startswith(prefixes)}
