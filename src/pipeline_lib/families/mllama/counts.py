"""Count the parameters of a Mllama by its configuration; no torch."""

from typing import Any

from pipeline_lib.models.counts import Config, Counts, Linear, Text, linear_layers, part, stated, text_of
from pipeline_lib.models.parts import Part

WORDS: Config = {
    **{"vocab_size": 128_256, "hidden_size": 4096, "num_hidden_layers": 40, "num_attention_heads": 32},
    **{"num_key_value_heads": 8, "intermediate_size": 14_336, "cross_attention_layers": [3, 8, 13, 18, 23, 28, 33, 38]},
}
TILES: Config = {
    **{"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_global_layers": 8},
    **{"image_size": 448, "patch_size": 14, "max_num_tiles": 4, "num_channels": 3},
    "intermediate_layers_indices": [3, 7, 15, 23, 30],
}
ADDED = ()  # tokens: a Mllama is not composed
RESERVED = 8  # rows of the embedding beyond the head's
RATIOS = {1: 1, 2: 3, 3: 5, 4: 8}  # how many shapes of an image so many tiles have


def counted(start: Config, tower: Config | None, tokens: int | None) -> Counts:
    """Return the counts of a whole Mllama; it is not composed, so that tower and tokens do not matter."""
    words, vision = {**WORDS, **stated(part(start, "text_config"))}, {**TILES, **stated(part(start, "vision_config"))}
    text = text_of(words)
    linear = linear_layers(words, text)  # those of a layer that reads images have the same shapes
    read = 1 + len(vision["intermediate_layers_indices"])  # layers
    features = vision.get("vision_output_dim") or vision["hidden_size"] * read
    parts: dict[Part, int] = {
        "language": _language(words, text, linear),
        "projector": (features + 1) * text.hidden,
        "vision": _vision(vision),
    }
    return Counts(parts, text, linear)


def _language(keys: dict[str, Any], text: Text, linear: tuple[Linear, ...]) -> int:
    reading = len(keys["cross_attention_layers"]) * 2 * (1 + text.hidden // keys["num_attention_heads"])
    norms = (2 * text.layers + 1) * text.hidden
    tables = (2 * text.vocabulary + RESERVED) * text.hidden
    return int(sum(layer.parameters for layer in linear) + reading + norms + tables)


def _vision(keys: dict[str, Any]) -> int:
    width, inner, tiles = keys["hidden_size"], keys["intermediate_size"], keys["max_num_tiles"]
    patches = (keys["image_size"] // keys["patch_size"]) ** 2 + 1
    shapes = (len(keys["supported_aspect_ratios"]) if "supported_aspect_ratios" in keys else RATIOS[tiles]) + 1
    layer = 4 * width**2 + 2 * width * inner + inner + width + 4 * width
    positions = 1 + patches * width + shapes * tiles * patches * width + 2 * (1 + shapes * tiles * width)
    outer = width + width * keys["num_channels"] * keys["patch_size"] ** 2 + 4 * width
    layers = keys["num_hidden_layers"] * layer + keys["num_global_layers"] * (layer + 2)
    return int(layers + positions + outer)
