"""Open the model of a base, or its tokens alone, by the family that the base's card names."""

from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, expect_kind, read_card
from pipeline_lib.models.family import Family, Tokens, Vlm, load_family
from pipeline_lib.models.projector_file import put_projector


def open_vlm(base: Base, card: Card, seed: int, draws_projector: bool = False) -> Vlm:
    """Return the model of a base: loaded, or composed if it starts from a language model.

    The base's tower and projector, if any, replace those of the start. Raises PipelineError for a language model
    without a tower, or without a projector unless `draws_projector`. Template and image shape are those of `card`, the
    family is the base's.
    """
    family, card = family_of(base), card.model_copy(update={"family": read_card(base.start).family})
    if read_card(base.start).kind == "language":
        if base.tower is None:
            raise no_tower(base.start)
        if base.projector is None and not draws_projector:
            raise PipelineError(
                "neither `start` nor `projector` has a projector, and the recipe draws none", where=base.start,
                cure="give this training a `projector`, or write `projector: random` in its recipe",
            )  # fmt: skip
        vlm = family.compose(base.start, base.tower, card, seed)
    else:
        vlm = family.load(base.start)
        vlm.set_card(card)
        if base.tower is not None:
            vlm.put_tower(base.tower)
    if base.projector is not None:
        expect_kind(base.projector, "projector")
        put_projector(vlm.model, family.PARTS["projector"], base.projector)
    return vlm


def load_vlm(folder: Path) -> Vlm:
    """Return the vision-language model of a checkpoint folder, in float32."""
    return load_family(expect_kind(folder, "vlm").family).load(folder)


def open_tokens(start: Path, tower: Path | None) -> Tokens:
    """Return the tokens of a model made of these checkpoints, without reading tensors.

    A language model without a tower raises PipelineError. A tower that replaces the one of a whole model has the same
    shape, so that it does not matter here.
    """
    card = read_card(start)
    if card.kind == "language" and tower is None:
        raise no_tower(start)
    if card.kind != "language":
        expect_kind(start, "vlm")
    return load_family(card.family).open_tokens(start, tower)


def family_of(base: Base) -> Family:
    """Return the family of a base's model; a language model is composed to one of the family in its card."""
    return load_family(read_card(base.start).family)


def no_tower(start: Path) -> PipelineError:
    """Return the error for a language model alone."""
    return PipelineError(
        "a language model needs a vision tower", where=start, cure="give the training that starts there a `tower`"
    )
