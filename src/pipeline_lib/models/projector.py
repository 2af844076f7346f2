"""Projectors on disk: the tensors between vision tower and language model, without the rest of a LLaVA."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import Card, read_card, write_card

PROJECTOR = "projector.safetensors"
MODULE = "multi_modal_projector"
LAYERS = ("linear_1", "linear_2")


def save_projector(model: PreTrainedModel, folder: Path, card: Card) -> None:
    """Write a model's projector and the card into a new folder."""
    write_projector(_of(model), folder, card)


def write_projector(tensors: dict[str, torch.Tensor], folder: Path, card: Card) -> None:
    """Write a projector's tensors, named as in a LLaVA, and the card into a new folder."""
    folder.mkdir(parents=True)
    save_tensors(tensors, folder / PROJECTOR)
    write_card(folder, card)


def put_projector(model: PreTrainedModel, folder: Path) -> None:
    """Put a projector into a LLaVA; a tensor without its place raises PipelineError."""
    tensors = load_file(folder / PROJECTOR)
    expect_places(_of(model), tensors, folder / PROJECTOR)
    model.load_state_dict(tensors, strict=False)


def expect_shape(folder: Path, image_shape: str) -> None:
    """Raise PipelineError where a projector's card says that it was trained on images shown in another way."""
    told = read_card(folder).image_shape
    if told not in (None, image_shape):
        raise PipelineError(
            "this projector was trained on images shown in another way", where=folder, value=image_shape,
            cure=f"write `image_shape: {told}`; a training that starts from this model may have its own",
        )  # fmt: skip


def save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write tensors as they are on the processor."""
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"}
    )


def expect_places(places: dict[str, torch.Tensor], tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Raise PipelineError where names or shapes of an adapter's tensors are not those of their places."""
    shapes = [{name: tuple(value.shape) for name, value in found.items()} for found in (places, tensors)]
    if shapes[0] != shapes[1]:
        base, given = (sorted(map(str, own.items() - other.items()))[:3] for own, other in (shapes, shapes[::-1]))
        raise PipelineError(
            "the tensors of this adapter are not those of its base", where=path, value={"base": base, "adapter": given}
        )


def _of(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in model.state_dict().items() if MODULE in name}
