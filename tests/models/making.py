"""Small real models made from a configuration, six images, and twelve conversations about them."""

from pathlib import Path
from typing import Any

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.training.settings import WeightsSettings
from pipeline_lib.training.weights import make_weights
from pipeline_lib.weights import clip, llama
from pipeline_lib.weights.base import WeightsInputs, WeightsKind

WORDS = ["red", "green", "blue", "one two", "three four five", "six"]
CLASSES = [{"label": word, "text": f"a picture of {word}"} for word in WORDS]  # of images, by the answers about them
SHAPE: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def conversations(images: ImageReader) -> list[Conversation]:
    """Return twelve conversations about the images."""
    made = []
    for number in range(12):
        name = f"{number % 6}.jpg"
        question = f"<image>\nWhat is it? {WORDS[number % 6]}"
        turns = [{"from": "human", "value": question}, {"from": "gpt", "value": WORDS[(number + 1) % 6]}]
        made.append(Conversation(number, str(number), name, images.row(name).sha256, turns))
    return made


def language_model(rows: list[Conversation], folder: Path) -> Path:
    """Make a random language model in a new folder, and return the folder."""
    tokenizer = llama.Tokenizer(vocabulary=300, whole=[" USER:", " ASSISTANT:"])
    return _made(
        llama.Settings(kind="llama", tokenizer=tokenizer, config={**SHAPE, "initializer_range": 0.2}), rows, folder
    )


def small_clip(rows: list[Conversation], folder: Path) -> Path:
    """Make a random CLIP model in a new folder, and return the folder."""
    kind = clip.Settings(
        kind="clip",
        tokenizer=clip.Tokenizer(vocabulary=300),
        vision={**SHAPE, "image_size": 32, "patch_size": 16, "attention_dropout": 0.5},
        text={**SHAPE, "max_position_embeddings": 32},
        projection_dim=16,
    )
    return _made(kind, rows, folder)


def _made(kind: WeightsKind, rows: list[Conversation], folder: Path) -> Path:
    make_weights(WeightsSettings(make=kind, seed=0, threads=1), WeightsInputs(rows), folder)
    return folder
