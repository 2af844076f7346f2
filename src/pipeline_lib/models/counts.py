"""Count the parameters of models by their configurations, as config.json states them; no torch.

Defaults of absent keys and the shapes of layers are those of transformers 5.23; a test compares with its models.
"""

from dataclasses import dataclass
from typing import Any, Mapping

from pipeline_lib.models.parts import Part

Config = Mapping[str, Any]  # the content of a config.json, or of a part of it

LANGUAGE: Config = {
    **{"vocab_size": 32_000, "hidden_size": 4096, "intermediate_size": 11_008, "num_hidden_layers": 32},
    "num_attention_heads": 32,
}
MISTRAL: Config = {"intermediate_size": 14_336, "num_key_value_heads": 8}
VISION: Config = {
    **{"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "image_size": 224, "patch_size": 32},
    "num_channels": 3,
}
WORDS: Config = {
    **{"vocab_size": 49_408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12},
    "max_position_embeddings": 77,
}


@dataclass(frozen=True)
class Text:
    """The shape of a language model; `keys` is the width of its keys, and of its values."""

    layers: int
    hidden: int
    keys: int
    intermediate: int
    vocabulary: int


@dataclass(frozen=True)
class Linear:
    """A linear layer of a language model, by its last name."""

    name: str
    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """Return the number of its weights, without a bias."""
        return self.inputs * self.outputs


@dataclass(frozen=True)
class Counts:
    """The parameters of a vision-language model by part, its language model's shape, and the layers that LoRA updates.

    A language model alone has one part.
    """

    parts: Mapping[Part, int]
    text: Text
    linear: tuple[Linear, ...]


def text_of(config: Config, rows: int | None = None) -> Text:
    """Return the shape of a Llama or Mistral; `rows` of its vocabulary replace those of the configuration."""
    keys = {**LANGUAGE, **(MISTRAL if config.get("model_type") == "mistral" else {}), **stated(config)}
    heads = keys["num_attention_heads"]
    width = keys.get("head_dim") or keys["hidden_size"] // heads
    return Text(
        layers=keys["num_hidden_layers"],
        hidden=keys["hidden_size"],
        keys=width * (keys.get("num_key_value_heads") or heads),
        intermediate=keys["intermediate_size"],
        vocabulary=keys["vocab_size"] if rows is None else rows,
    )


def linear_layers(config: Config, text: Text) -> tuple[Linear, ...]:
    """Return the linear layers of a Llama or Mistral, but its head."""
    keys = {**LANGUAGE, **stated(config)}
    heads = keys["num_attention_heads"]
    queries = heads * (keys.get("head_dim") or text.hidden // heads)
    layer = (
        Linear("q_proj", text.hidden, queries),
        Linear("k_proj", text.hidden, text.keys),
        Linear("v_proj", text.hidden, text.keys),
        Linear("o_proj", queries, text.hidden),
        *(Linear(name, text.hidden, text.intermediate) for name in ("gate_proj", "up_proj")),
        Linear("down_proj", text.intermediate, text.hidden),
    )
    return layer * text.layers


def language_parameters(config: Config, text: Text, linear: tuple[Linear, ...]) -> int:
    """Return the parameters of a Llama or Mistral, with its embedding and its head."""
    biased = {
        "attention_bias": ("q_proj", "k_proj", "v_proj", "o_proj"),
        "mlp_bias": ("gate_proj", "up_proj", "down_proj"),
    }
    names = {name for key, layers in biased.items() if config.get(key) for name in layers}
    biases = sum(layer.outputs for layer in linear if layer.name in names)
    tables = 1 if config.get("tie_word_embeddings") else 2
    norms = (2 * text.layers + 1) * text.hidden
    return sum(layer.parameters for layer in linear) + biases + norms + tables * text.vocabulary * text.hidden


def language_counts(config: Config) -> Counts:
    """Return the counts of a language model alone."""
    text = text_of(config)
    linear = linear_layers(config, text)
    return Counts({"language": language_parameters(config, text, linear)}, text, linear)


def clip_vision_parameters(config: Config) -> int:
    """Return the parameters of a CLIP vision tower."""
    keys = {**VISION, **stated(config)}
    width, side = keys["hidden_size"], keys["image_size"] // keys["patch_size"]
    embeddings = width * (keys["num_channels"] * keys["patch_size"] ** 2 + 1 + side**2 + 1)
    return int(embeddings + 4 * width + _clip_layers(keys))


def clip_parameters(config: Config) -> dict[str, int]:
    """Return the parameters of a whole CLIP: of tower and text model, each with its projection, and the scale."""
    vision, words = (
        {**VISION, **stated(part(config, "vision_config"))},
        {**WORDS, **stated(part(config, "text_config"))},
    )
    width, projected = words["hidden_size"], config.get("projection_dim") or 512
    embeddings = width * (words["vocab_size"] + words["max_position_embeddings"])
    return {
        "vision": clip_vision_parameters(vision) + vision["hidden_size"] * projected,
        "text": int(embeddings + 2 * width + _clip_layers(words) + width * projected),
        "scale": 1,
    }


def part(config: Config, name: str) -> Config:
    """Return a part of a configuration, empty where it has none."""
    inner: Config = config.get(name) or {}
    return inner


def stated(config: Config) -> dict[str, Any]:
    """Return the keys of a configuration that have a value."""
    return {key: value for key, value in config.items() if value is not None}


def _clip_layers(keys: Config) -> int:
    width, inner = keys["hidden_size"], keys["intermediate_size"]
    return int(keys["num_hidden_layers"] * (4 * (width**2 + width) + 2 * width * inner + inner + width + 4 * width))
