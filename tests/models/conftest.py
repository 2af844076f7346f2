"""Small real models, images, and models of the original code, each made once."""

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline_lib.checkpoints.adapter_base import expect_fitting
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.families.llava.layouts.adapters import convert_adapter, stated_card
from pipeline_lib.families.llava.layouts.detect import kind_of
from pipeline_lib.families.llava.layouts.original import convert_original
from pipeline_lib.families.llava.layouts.projectors import convert_projector
from pipeline_lib.families.llava.model import Llava, compose
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, read_card
from pipeline_lib.models.merge import merge as merge_adapter
from pipeline_lib.models.opening import open_vlm
from pipeline_lib.training import launch
from tests.models.making import conversations, language_model, small_clip
from tests.models.original import Converted, Opened, part
from tests.small_images import small_images

torch.set_num_threads(1)  # more threads wait for each other in models this small, and for the other worker's tests
CARD = Card(kind="vlm", template="vicuna_v1", image_shape="pad")
LOADED = ("pipeline_lib.families.llava.model", "pipeline_lib.families.mllama.model", "pipeline_lib.training.loop")


@pytest.fixture()
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the processes of trainings from one that has loaded the libraries: tests then need a fifth of the time."""
    multiprocessing.set_forkserver_preload([*LOADED])
    start: Callable[..., Any] = launch.LaunchConfig
    monkeypatch.setattr(launch, "LaunchConfig", lambda **how: start(**{**how, "start_method": "forkserver"}))


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageReader:
    """Return a reader of six small images of several shapes."""
    return small_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def rows(images: ImageReader) -> list[Conversation]:
    """Return twelve conversations about the images."""
    return conversations(images)


@pytest.fixture(scope="session")
def language(rows: list[Conversation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random language model."""
    return language_model(rows, tmp_path_factory.mktemp("language") / "model")


@pytest.fixture(scope="session")
def tower(rows: list[Conversation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random CLIP model."""
    return small_clip(rows, tmp_path_factory.mktemp("tower") / "model")


@pytest.fixture()
def llava(language: Path, tower: Path) -> Llava:
    """Return a random LLaVA that is ready to answer."""
    made = compose(language, tower, CARD, seed=0)
    made.model.eval()
    return made


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
        convert_adapter(files, stated_card(files).model_copy(update={"template": "vicuna_v1"}), alone)
        expect_fitting(alone, base)
        merge_adapter(base, alone, 0, root / name)
    elif kind == "projector":
        convert_projector(files, alone)
        shape = read_card(alone).image_shape
        open_vlm(replace(base, projector=alone), CARD.model_copy(update={"image_shape": shape}), 0).save(root / name)
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
