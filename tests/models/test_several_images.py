"""Rows with several images: a LLaVA is shown each where its placeholder stands; who takes one says so."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card
from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import RowRules
from pipeline_lib.models.family import Vlm, load_family
from pipeline_lib.prompts import vicuna_v1
from pipeline_lib.recipes import contrastive, full
from pipeline_lib.training.settings import WeightsSettings
from pipeline_lib.training.task import Task, TrainingInputs
from pipeline_lib.training.weights import make_weights
from pipeline_lib.weights import pretrained
from pipeline_lib.weights.base import WeightsInputs
from tests.models.answering import answered, settings_of
from tests.models.mllama import small_mllama

HOW: dict[str, Any] = {"steps": 1, "batch_size": 1, "learning_rate": 1.0, "clip_norm": 0.0}
SHOWN: dict[str, tuple[str, ...]] = {"one": ("2.jpg",), "two": ("2.jpg", "5.jpg"), "none": ()}
QUESTION = "First <image> and then <image>: one two?"


def about(images: ImageReader, *paths: str, question: str = QUESTION) -> Conversation:
    """Return a row that shows these images."""
    turns = [{"from": "human", "value": question}, {"from": "gpt", "value": "three four"}]
    return Conversation(0, "several", list(paths), [images.row(path).pin for path in paths], turns)


def tasks(base: Base, images: ImageReader, *rows: Conversation, **recipe: Any) -> list[Task]:
    settings = full.Settings(name="full", projector="random", **HOW, **recipe)
    return [full.prepare(settings, TrainingInputs(base, [row], images, 0)) for row in rows]


def loss(task: Task) -> float:
    task.model.eval()
    with torch.inference_mode():
        return float(task.model(**task.collate([task.examples[0]])).loss)


@pytest.fixture(scope="module")
def mllama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random Mllama, taken as published files are."""
    root = tmp_path_factory.mktemp("mllama")
    files = {path.name: path for path in small_mllama(root / "published").iterdir()}
    make = pretrained.Settings(kind="pretrained", holds="vlm", family="mllama", template="vicuna_v1")
    make_weights(WeightsSettings(make=make, seed=0, threads=1), WeightsInputs(files=files), root / "model")
    return root / "model"


@pytest.fixture()
def base(language: Path, tower: Path) -> Base:
    """Return what the trainings of a LLaVA start from."""
    return Base(language, tower)


def test_the_loss_depends_on_every_image_and_on_their_order(base: Base, images: ImageReader) -> None:
    pairs = (("2.jpg", "5.jpg"), ("5.jpg", "2.jpg"), ("2.jpg", "3.jpg"), ("3.jpg", "5.jpg"))
    losses = [loss(task) for task in tasks(base, images, *(about(images, *pair) for pair in pairs))]
    assert len({round(value, 6) for value in losses}) == len(pairs)


def test_rows_with_other_numbers_of_images_share_a_batch(base: Base, images: ImageReader) -> None:
    one = replace(
        about(images, "2.jpg", question="<image>\nWhat?"), image="2.jpg", image_sha256=images.row("2.jpg").pin
    )
    rows = [about(images, "2.jpg", "5.jpg"), one, about(images, question="No picture: one two?")]
    rows[2] = replace(rows[2], image=None, image_sha256=None)
    each = tasks(base, images, *rows)
    together = each[0].collate([task.examples[0] for task in each])
    trained = [int((torch.tensor(task.examples[0]["labels"][1:]) != IGNORED).sum()) for task in each]
    each[0].model.eval()
    with torch.inference_mode():
        whole = float(each[0].model(**together).loss)
    expected = sum(loss(task) * count for task, count in zip(each, trained, strict=True)) / sum(trained)
    assert whole == pytest.approx(expected, rel=1e-4)


def test_every_image_stands_at_its_placeholder(base: Base, images: ImageReader) -> None:
    (task,) = tasks(base, images, about(images, "2.jpg", "5.jpg"))
    example = task.examples[0]
    image, width = max(example["input_ids"]), 4  # of 2 x 2 patches
    runs = "".join("i" if token == image else "t" for token in example["input_ids"]).split("t")
    assert [len(run) for run in runs if run] == [width, width] and len(example["images"]) == 2


def test_a_row_that_is_cut_shows_the_images_that_are_left(base: Base, images: ImageReader) -> None:
    row = about(images, "2.jpg", "5.jpg")
    whole = tasks(base, images, row)[0].examples[0]
    image = max(whole["input_ids"])
    second = [number for number, token in enumerate(whole["input_ids"]) if token == image][4]
    vlm = _opened(base)
    family = load_family("llava")
    encoded = family.encode_row(vlm.tokens, row, RowRules(vicuna_v1, second + 2), images.size)
    assert encoded.ids == whole["input_ids"][:second] and vlm.tokens.images_in(encoded.ids) == 1


def _opened(base: Base) -> Vlm:
    return load_family("llava").compose(base.start, base.tower, Card(kind="vlm", template="vicuna_v1"), seed=0)


def test_an_image_alone_in_its_turn_goes_to_its_front(base: Base, images: ImageReader) -> None:
    asked = ["What is it <image> here?", "<image>\nAnd <image> these?"]
    turns = [{"from": speaker, "value": text} for text in asked for speaker, text in (("human", text), ("gpt", "one"))]
    row = replace(about(images, "2.jpg", "5.jpg", "3.jpg"), conversations=turns)
    moved = replace(row, conversations=[{**turns[0], "value": "<image>\nWhat is it  here?"}, *turns[1:]])
    first, second = tasks(base, images, row, moved)
    assert first.examples[0]["input_ids"] == second.examples[0]["input_ids"]


def test_the_originals_rules_know_one_image(base: Base, images: ImageReader) -> None:
    row = about(images, "2.jpg", "5.jpg")
    with pytest.raises(PipelineError, match=r"(?s)trains on one image in a row.*2 images.*as_original"):
        tasks(base, images, row, as_original=True)[0].examples[0]


def test_a_pair_of_clip_has_one_image(tower: Path, images: ImageReader) -> None:
    settings = contrastive.Settings(name="contrastive", **HOW)
    with pytest.raises(PipelineError, match=r"(?s)a pair has one image.*2\.jpg"):
        contrastive.prepare(settings, TrainingInputs(Base(tower), [about(images, "2.jpg", "5.jpg")], images, 0))


def test_a_mllama_is_trained_on_one_image_in_a_row(mllama: Path, images: ImageReader) -> None:
    family, row = load_family("mllama"), about(images, "2.jpg", "5.jpg")
    with pytest.raises(PipelineError, match=r"(?s)a Mllama is trained on one image in a row.*2 images"):
        family.encode_row(family.open_tokens(mllama, None), row, RowRules(vicuna_v1, 100), images.size)


def test_a_question_with_more_images_than_a_mllama_takes_is_failed_and_the_others_are_answered(
    mllama: Path, images: ImageReader, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vlm = load_family("mllama").load(mllama)
    vlm.model.eval()
    how = settings_of("vicuna_v1", family="mllama", max_new_tokens=4)
    asked = [Question(name, "One two?", paths, "all") for name, paths in SHOWN.items()]
    records = answered(vlm, asked, images, how, tmp_path / "replies.jsonl")
    assert [record.get("status", "ok") for record in records] == ["ok", "failed", "ok"]
    assert records[1]["text"] == "2 images: a Mllama is shown one image in a question"
    assert "1 of 3 questions show more images than the model takes" in caplog.text
    others = answered(vlm, [asked[0], asked[2]], images, how, tmp_path / "other.jsonl")
    assert [records[0], records[2]] == others
    again = answered(vlm, asked, images, how, tmp_path / "replies.jsonl")
    assert again == records


def test_images_that_fill_a_models_positions_are_too_many(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    positions = llava.model.config.get_text_config().max_position_embeddings
    how = settings_of("vicuna_v1", max_new_tokens=4)
    many = tuple(f"{number % 6}.jpg" for number in range(positions // int(llava.tokens.per_image)))
    asked = [Question(str(len(paths)), "One two?", paths, "all") for paths in (many[:2], many)]
    records = answered(llava, asked, images, how, tmp_path / "replies.jsonl")
    assert [record.get("status", "ok") for record in records] == ["ok", "failed"]
    assert re.fullmatch(rf"{len(many)} images: .* positions; the model has {positions}", records[1]["text"])
    alone = [Question("1", "two " * positions, ("0.jpg",), "all")]
    with pytest.raises(PipelineError, match=r"(?s)positions; the model has.*use a model with more positions"):
        answered(llava, alone, images, how, tmp_path / "long.jsonl")
