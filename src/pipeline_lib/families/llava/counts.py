"""Count the parameters of a LLaVA, whole or composed, by its configuration; no torch."""

from pipeline_lib.models.counts import (
    VISION,
    Config,
    Counts,
    clip_vision_parameters,
    language_parameters,
    linear_layers,
    part,
    stated,
    text_of,
)

VOCABULARY_MULTIPLE = 64  # as `model.py` grows a vocabulary
ADDED = ("<image>", "<pad>")  # tokens of a composed model


def counted(start: Config, tower: Config | None, tokens: int | None) -> Counts:
    """Return the counts of the model of a whole LLaVA's configuration, or of a language model's and a CLIP's.

    `tokens` is how many a language model's tokenizer has with those of ADDED; None: its vocabulary and all of these.
    """
    whole = "text_config" in start
    words = part(start, "text_config") if whole else start
    vision = part(start, "vision_config") if whole else part(tower or {}, "vision_config") or tower or {}
    grown = text_of(words).vocabulary + len(ADDED) if tokens is None else tokens
    text = text_of(words, None if whole else -(-grown // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE)
    linear = linear_layers(words, text)
    width = {**VISION, **stated(vision)}["hidden_size"]
    return Counts(
        {
            "language": language_parameters(words, text, linear),
            "projector": (width + 1) * text.hidden + (text.hidden + 1) * text.hidden,
            "vision": clip_vision_parameters(vision),
        },
        text,
        linear,
    )
