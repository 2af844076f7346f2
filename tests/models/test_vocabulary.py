"""Tokens that a LLaVA needs beside its language model's: no loss and no answer depends on them."""

from pathlib import Path

import pytest
import torch

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.families.llava.model import Llava, compose
from pipeline_lib.images.reader import ImageReader
from tests.models.answering import answered, settings_of
from tests.models.conftest import CARD


@pytest.fixture()
def llava(language: Path, tower: Path) -> Llava:
    made = compose(language, tower, CARD, seed=0)
    made.model.eval()
    return made


def loss_of(llava: Llava, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    ids = torch.arange(3, 13)[None]
    loss: torch.Tensor = llava.model.to(dtype)(input_ids=ids, labels=ids).loss
    return loss


@torch.no_grad()
def shout(llava: Llava) -> None:
    """Make the tokens that are no words the likeliest by far."""
    llava.model.lm_head.weight[llava.untrained_token_ids] = 100 * llava.model.lm_head.weight.abs().max()


def test_the_added_tokens_and_the_rows_that_nothing_names_are_no_words(llava: Llava) -> None:
    rows, tokens = llava.model.lm_head.weight.shape[0], len(llava.tokenizer)
    assert llava.untrained_token_ids == [tokens - 2, *range(tokens - 1, rows)]
    assert llava.untrained_token_ids[0] == llava.model.config.image_token_id


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_loss_is_over_words(llava: Llava, dtype: torch.dtype) -> None:
    before = loss_of(llava, dtype)
    before.backward()
    gradient = llava.model.lm_head.weight.grad
    assert not gradient[llava.untrained_token_ids].any() and gradient.any()
    shout(llava)
    assert torch.equal(loss_of(llava, dtype), before)


def test_only_words_are_answered(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    settings = settings_of(str(llava.card.template), max_new_tokens=8)
    questions = [Question("1", "What is it?", ("0.jpg",), "part"), Question("2", "What is it?", (), "part")]

    def texts(name: str) -> list[str]:
        records = answered(llava, questions, images, settings, tmp_path / name)
        return [record["text"] for record in records]

    before = texts("before")
    shout(llava)
    assert texts("after") == before
    assert any(before)
