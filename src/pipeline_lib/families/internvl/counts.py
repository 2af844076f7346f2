"""Count the parameters of an InternVL, whole or composed, by its configuration; no torch."""

from typing import Any

from pipeline_lib.models.counts import (
    Config,
    Counts,
    language_parameters,
    linear_layers,
    part,
    stated,
    text_of,
)
from pipeline_lib.models.parts import Part

ADDED = ("<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>")
PATCHES = 4  # whose features one token has
TOWER: Config = {
    **{"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "image_size": 448, "patch_size": 14},
    "num_channels": 3,
}


def counted(start: Config, tower: Config | None, tokens: int | None) -> Counts:
    """Return the counts of the model of a whole InternVL's configuration, or of a language model's and an InternViT's.

    `tokens` is how many a language model's tokenizer has with those of ADDED; None: its vocabulary and all of these.
    """
    whole = "text_config" in start
    words = part(start, "text_config") if whole else start
    vision = {**TOWER, **stated(part(start, "vision_config") if whole else tower or {})}
    grown = text_of(words).vocabulary + len(ADDED) if tokens is None else tokens
    text = text_of(words, None if whole else grown)
    linear, width = linear_layers(words, text), PATCHES * vision["hidden_size"]
    projector = 2 * width + (width + 1) * text.hidden + (text.hidden + 1) * text.hidden
    parts: dict[Part, int] = {
        "language": language_parameters(words, text, linear),
        "projector": projector,
        "vision": _tower(vision),
    }
    return Counts(parts, text, linear)


def _tower(keys: dict[str, Any]) -> int:
    """Return the parameters of InternViT, with norms of its queries and keys and without biases of their layers."""
    width, inner = keys["hidden_size"], keys["intermediate_size"]
    patch, side = _side(keys["patch_size"]), _side(keys["image_size"])
    layer = 4 * width**2 + width + 2 * width * inner + inner + width + 6 * width
    embeddings = width * (keys["num_channels"] * patch**2 + 1) + width * ((side // patch) ** 2 + 2)
    return int(keys["num_hidden_layers"] * layer + embeddings)


def _side(value: int | list[int]) -> int:
    return value if isinstance(value, int) else value[0]
