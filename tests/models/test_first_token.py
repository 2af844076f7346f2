"""The protocol `first_token`: an answer is the option whose letter is the likeliest first token, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names
from pipeline_lib.engines.base import Request
from pipeline_lib.engines.transformers import engine_of
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.generation.first_token import first_tokens
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.opening import load_vlm
from pipeline_lib.prompts.base import question
from tests.models.answering import answered, settings_of
from tests.models.making import WORDS
from tests.models.random_models import TEMPLATES, random_model

CHOICES = ("red", "green", "blue", "six")  # words, since the small tokenizers have no letter as a token
BUDGETS = [1, 60, 8192]  # tokens


def requests() -> list[Request]:
    """Return questions with two to four options, three about an image, and some about none."""
    texts = [f"Which is it? {' '.join(WORDS[: 1 + n % 4])} {n}" for n in range(18)]
    return [
        Request(str(n), text, () if n % 5 == 0 else (f"{n % 6}.jpg",), 12, choices=CHOICES[: 2 + n % 3])
        for n, text in enumerate(texts)
    ]


def first_id(llava: Any, choice: str) -> int:
    """Return the first token of an answer, by the tokenizer alone."""
    prompt, whole = (llava.tokens.tokenizer.encode(f"USER: ? ASSISTANT:{text}") for text in ("", f" {choice}"))
    return int(whole[len(prompt)])


def likeliest_choice(llava: Any, images: ImageReader, request: Request) -> str:
    """Return the choice with the largest logit behind the prompt, by transformers' model alone."""
    template = load("prompts", "vicuna_v1")
    sizes = [images.size(path) for path in request.images]
    ids = torch.tensor([llava.tokens.prompt(question(template, request.text, len(sizes)), sizes)])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if request.images:
        shown = [llava.show(images.open(path, images.row(path).pin))["pixel_values"] for path in request.images]
        inputs["pixel_values"] = torch.stack(shown)
    with torch.inference_mode():
        logits = llava.model(**inputs).logits[0, -1]
    return max(request.choices, key=lambda each: float(logits[first_id(llava, each)]))


@pytest.mark.parametrize("tokens", BUDGETS)
def test_the_answer_is_the_choice_with_the_largest_logit(llava: Llava, images: ImageReader, tokens: int) -> None:
    alone = {request.id: likeliest_choice(llava, images, request) for request in requests()}
    assert len(set(alone.values())) > 1
    replies = list(engine_of(llava, images, settings_of("vicuna_v1"), tokens).answer(requests(), set()))
    assert {reply.id: reply.text for reply in replies} == alone
    assert {(reply.tokens, reply.stop) for reply in replies} == {(1, "end")}


@pytest.mark.parametrize("family", TEMPLATES)
def test_every_family_answers_with_one_of_the_options(
    family: str, images: ImageReader, language: Path, tower: Path, tmp_path: Path
) -> None:
    vlm = load_vlm(random_model(family, language, tower, tmp_path))
    vlm.model.eval()
    options = dict.fromkeys(CHOICES, "")
    questions = [Question(str(n), f"Which is it? {WORDS[n]}", (f"{n}.jpg",), "all", options) for n in range(4)]
    settings = settings_of(TEMPLATES[family], family, first_token=True, max_new_tokens=8)
    ranked = answered(vlm, questions, images, settings, tmp_path / "ranked")
    assert all(record["text"] in options for record in ranked)
    free = settings_of(TEMPLATES[family], family, max_new_tokens=8)
    assert not all(record["text"] in options for record in answered(vlm, questions, images, free, tmp_path / "free"))


def test_a_choice_has_a_first_token_in_every_template_for_chats(llava: Llava) -> None:
    tokenizer = llava.tokens.tokenizer
    for name in set(names("prompts")) - {"plain"}:  # which is for captions
        ids = first_tokens(llava.tokens, load("prompts", name), CHOICES)
        texts = [tokenizer.decode([token]).strip() for token in ids]
        assert all(choice.startswith(text) for choice, text in zip(CHOICES, texts, strict=True)), name


def test_choices_that_begin_alike_are_refused(llava: Llava) -> None:
    with pytest.raises(PipelineError, match="begin with the same token"):
        first_tokens(llava.tokens, load("prompts", "vicuna_v1"), ("red", "six", "red"))
