"""The loss of a model on rows: that of a training on the same rows, whatever else shares a pass."""

import math
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import RowRules
from pipeline_lib.models.family import load_family
from pipeline_lib.prompts.base import Template
from pipeline_lib.validation.losses import RowLoss, report
from pipeline_lib.validation.settings import ValidateSettings
from pipeline_lib.validation.validate import validate
from tests.models.random_models import TEMPLATES, random_model
from tests.models.trained import without_image
from tests.numbers import assert_close

LENGTH = 512


def settings(family: str = "llava", **changes: object) -> ValidateSettings:
    made = ValidateSettings(
        family=family, template=TEMPLATES[family], max_length=LENGTH, as_original=False, seed=0, threads=1
    )
    return made.model_copy(update=changes)


@pytest.fixture(scope="module")
def model(language: Path, tower: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_model("llava", language, tower, tmp_path_factory.mktemp("validated"))


def own_losses(family: str, folder: Path, rows: list[Conversation], images: ImageReader) -> list[float]:
    """Return the mean loss of every row, which transformers computes from all logits of the row alone."""
    template = cast(Template, load("prompts", TEMPLATES[family]))
    vlm, losses = load_family(family).load(folder), []
    vlm.model.eval()
    for row in rows:
        encoded = load_family(family).encode_row(vlm.tokens, row, RowRules(template, LENGTH), images.size)
        example = {"input_ids": encoded.ids, "labels": encoded.labels}
        shown = [vlm.show(images.open(*image)) for image in row.images]
        batch = vlm.collate([{**example, "images": shown} if shown else example], "right")
        labels = batch.pop("labels")
        with torch.inference_mode():
            logits = vlm.model(**batch).logits
        chosen = torch.nn.functional.cross_entropy(logits[0, :-1], labels[0, 1:], ignore_index=IGNORED)
        losses.append(float(chosen))
    return losses


@pytest.mark.parametrize("family", TEMPLATES)
def test_the_loss_of_a_row_is_that_of_the_row_alone(
    family: str, rows: list[Conversation], images: ImageReader, language: Path, tower: Path, tmp_path: Path
) -> None:
    folder = random_model(family, language, tower, tmp_path)
    mixed = rows[:5] if family == "mllama" else [*rows[:4], without_image(rows[4])]
    expected = own_losses(family, folder, mixed, images)
    result = validate(folder, mixed, images, settings(family))
    assert_close(result["loss_per_row"], sum(expected) / len(expected), relative=1e-5)
    assert (result["rows"], result["left_out"]) == (5, 0)


def test_the_order_of_rows_decides_nothing(model: Path, rows: list[Conversation], images: ImageReader) -> None:
    assert validate(model, rows, images, settings()) == validate(model, rows[::-1], images, settings())


def test_rows_without_a_trained_token_are_left_out(model: Path, rows: list[Conversation], images: ImageReader) -> None:
    long = replace(
        rows[0],
        conversations=[{**rows[0].conversations[0], "value": "<image>\n" + "word " * 900}, rows[0].conversations[1]],
    )
    result = validate(model, [long, *rows[1:4]], images, settings())
    assert (result["rows"], result["left_out"]) == (3, 1)
    with pytest.raises(PipelineError, match="no row has a trained token"):
        validate(model, [long], images, settings())


def row(number: int, pin: str) -> Conversation:
    return Conversation(number, str(number), f"{number}.jpg", pin, [])


def test_a_mean_over_tokens_weights_long_answers_more_than_one_over_rows() -> None:
    result = report([RowLoss(row(0, "a"), 9.0, 9), RowLoss(row(1, "b"), 3.0, 1)], 0, 0)
    assert (result["loss"], result["loss_per_row"], result["tokens"]) == (1.2, 2.0, 10)


def test_the_interval_contains_the_mean_and_draws_the_rows_about_an_image_as_a_whole() -> None:
    losses = [RowLoss(row(number, "ab"[number % 2]), float(number % 2), 1) for number in range(40)]
    low, high = report(losses, 0, 0)["interval"]["loss"]
    assert (low, high) == (0.0, 1.0)  # of two images, a draw may take one of them twice
    alone = [replace(each, row=row(number, str(number))) for number, each in enumerate(losses)]
    low, high = report(alone, 0, 0)["interval"]["loss"]
    assert 0.0 < low < 0.5 < high < 1.0


def test_a_loss_that_is_not_finite_names_its_row() -> None:
    with pytest.raises(PipelineError, match=r"(?s)not finite.*row 7"):
        report([RowLoss(row(7, "a"), math.nan, 3)], 0, 0)
