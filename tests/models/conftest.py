"""Small real models: weights made from a configuration, composed, and a set of images to show them."""

import io
import random
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from pipeline_lib.checkpoints.adapters import convert_adapter
from pipeline_lib.checkpoints.detect import kind_of
from pipeline_lib.checkpoints.original import convert_original
from pipeline_lib.checkpoints.projectors import convert_projector
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.instruct.table import Conversation
from pipeline_lib.models.card import Card, read_card
from pipeline_lib.models.llava import Base, Llava, load_llava, open_llava
from pipeline_lib.models.merge import merge as merge_adapter
from pipeline_lib.recipes import adopt
from pipeline_lib.training.settings import WeightsSettings
from pipeline_lib.training.task import Material
from pipeline_lib.training.weights import make_weights
from pipeline_lib.weights import clip, llama
from pipeline_lib.weights.base import Given
from tests.models.original import Converted, Opened, part

WORDS = ["red", "green", "blue", "one two", "three four five", "six"]
CARD = Card(kind="llava", template="vicuna_v1", image_shape="pad")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageReader:
    """Return a reader of six small images of several shapes."""
    root = tmp_path_factory.mktemp("images")
    raw = root / "raw"
    raw.mkdir()
    for number, size in enumerate([(40, 30), (30, 40), (32, 32), (64, 64), (20, 50), (50, 20)]):
        buffer = io.BytesIO()
        noise = random.Random(number).randbytes(3 * size[0] * size[1])
        Image.frombytes("RGB", size, noise).save(buffer, "JPEG")
        (raw / f"{number}.jpg").write_bytes(buffer.getvalue())
    rows = convert_shard(raw, list(raw.iterdir()), root / "0.tar", root / "0.tar", ConvertSettings(to="jpeg"))
    write_index(root / "index.parquet", merge([rows], ""))
    return ImageReader([root / "index.parquet"])


@pytest.fixture(scope="session")
def rows(images: ImageReader) -> list[Conversation]:
    """Return twelve conversations about the images."""
    made = []
    for number in range(12):
        name = f"{number % 6}.jpg"
        question = f"<image>\nWhat is it? {WORDS[number % 6]}"
        turns = [{"from": "human", "value": question}, {"from": "gpt", "value": WORDS[(number + 1) % 6]}]
        made.append(Conversation(number, str(number), name, images.row(name).sha256, turns))
    return made


@pytest.fixture(scope="session")
def language(rows: list[Conversation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random language model."""
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    tokenizer = llama.Tokenizer(vocabulary=300, whole=[" USER:", " ASSISTANT:"])
    kind = llama.Settings(kind="llama", tokenizer=tokenizer, config={**shape, "initializer_range": 0.2})
    folder = tmp_path_factory.mktemp("language") / "model"
    make_weights(WeightsSettings(make=kind, seed=0, threads=1), Given(rows), folder)
    return folder


@pytest.fixture(scope="session")
def tower(rows: list[Conversation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random CLIP model."""
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    kind = clip.Settings(
        kind="clip",
        tokenizer=clip.Tokenizer(vocabulary=300),
        vision={**shape, "image_size": 32, "patch_size": 16, "attention_dropout": 0.5},
        text={**shape, "max_position_embeddings": 32},
        projection_dim=16,
    )
    folder = tmp_path_factory.mktemp("tower") / "model"
    make_weights(WeightsSettings(make=kind, seed=0, threads=1), Given(rows), folder)
    return folder


@pytest.fixture(scope="session")
def pictures(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageReader:
    """Return a reader of the images that the original code was shown."""
    raw, root = golden / "images" / "set", tmp_path_factory.mktemp("pictures")
    rows = convert_shard(raw, list(raw.iterdir()), root / "0.tar", root / "0.tar", ConvertSettings(to="keep"))
    write_index(root / "index.parquet", merge([rows], ""))
    return ImageReader([root / "index.parquet"])


@pytest.fixture(scope="session")
def converted(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """Return a function that converts a model of the original code, by the name of its folder.

    An adapter or a projector alone is put on the language model and the tower that it was trained with.
    """
    root = tmp_path_factory.mktemp("converted")

    def folder(name: str) -> Path:
        if not (root / name).is_dir():
            convert(golden, name, root)
        return root / name

    return folder


def convert(golden: Path, name: str, root: Path) -> None:
    """Convert a model of the original code into a new folder below `root`."""
    files = {path.name: path for path in (golden / "models" / name).iterdir()}
    base = Base(part(golden, "vicuna-tiny", "language", root), part(golden, "clip-tiny", "clip", root))
    kind, alone = kind_of(files), root / f"{name}.alone"
    if kind == "adapter":
        convert_adapter(files, alone)
        recipe = adopt.Settings(name="adopt", template="vicuna_v1")
        adopt.prepare(recipe, Material(base, [], ImageReader([]), 0, alone)).save(root / f"{name}.adopted")
        merge_adapter(base, root / f"{name}.adopted", 0, root / name)
    elif kind == "projector":
        convert_projector(files, alone)
        shape = read_card(alone).image_shape
        open_llava(replace(base, projector=alone), CARD.model_copy(update={"image_shape": shape}), 0).save(root / name)
    else:
        convert_original(files, golden / "models" / "clip-tiny", CARD, root / name)


@pytest.fixture(scope="session")
def original(converted: Converted) -> Opened:
    """Return a function that opens a model of the original code by the name of its folder."""

    def opened(name: str) -> Llava:
        llava = load_llava(converted(name))
        llava.model.eval()
        return llava

    return opened
