"""Questions answered together have the answers of each alone, by transformers' `generate`; images are read once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageOps
from transformers import GenerationConfig, MistralConfig, MistralModel

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines.base import EnginePaths, Reply, Request
from pipeline_lib.engines.transformers import Settings, TransformersEngine, engine_of, open_engine
from pipeline_lib.families.llava.features import projected_features
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.generation.choice import Sampling, drawn
from pipeline_lib.generation.generate import Answer, Generator
from pipeline_lib.generation.own_settings import expect_plain
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.upright import image_reader
from pipeline_lib.inference.saved import SavedReplies
from tests.models.answering import answered, settings_of
from tests.models.making import WORDS
from tests.unit.test_upright import index

BUDGETS = [1, 60, 400, 8192]  # tokens
NEW = 12


def requests() -> list[Request]:
    """Return four questions about each of six images, some of them long; six about two images, and six about none."""
    pictured = [
        Request(f"{n}", f"What is it? {' '.join(WORDS[: n % 5 + 1] * (1 + n % 3))}", (f"{n % 6}.jpg",), NEW)
        for n in range(24)
    ]
    several = [Request(f"s{n}", f"Same? {word}", (f"{n % 2}.jpg", "2.jpg"), NEW) for n, word in enumerate(WORDS)]
    return pictured + several + [Request(f"t{n}", f"Say {word}", (), NEW) for n, word in enumerate(WORDS)]


def one_by_one(engine: TransformersEngine, request: Request) -> list[int]:
    """Return the ids that transformers' `generate` answers a request with, alone."""
    llava: Any = engine.vlm
    ids = torch.tensor([engine._prompt(request).ids])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if request.images:
        inputs["pixel_values"] = torch.stack([engine._show(path, False)["pixel_values"] for path in request.images])
    with torch.inference_mode():
        output = llava.model.generate(
            **inputs, max_new_tokens=NEW, do_sample=False, suppress_tokens=llava.untrained_token_ids
        )
    return [int(token) for token in output[0, ids.shape[1] :]]


def generated(
    engine: TransformersEngine, asked: list[Request], monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[int]]:
    """Return the ids of every answer."""
    ids: dict[str, list[int]] = {}
    answer = Generator.answer

    def noted(generator: Generator, rows: Any, features: Any, answers: dict[int, Answer]) -> None:
        answer(generator, rows, features, answers)
        ids.update({asked[number].id: each.ids for number, each in answers.items()})

    with monkeypatch.context() as patch:
        patch.setattr(Generator, "answer", noted)
        list(engine.answer(asked, set()))
    return ids


def test_answers_are_those_of_generate_one_by_one(
    llava: Llava, images: ImageReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(llava, images, settings_of("vicuna_v1"))
    alone = {request.id: one_by_one(engine, request) for request in requests()}
    assert len({tuple(ids) for ids in alone.values()}) > 5
    for tokens in BUDGETS:
        assert generated(replace(engine, tokens=tokens), requests(), monkeypatch) == alone


def test_a_window_is_respected(llava: Llava, images: ImageReader, monkeypatch: pytest.MonkeyPatch) -> None:

    text = llava.model.config.text_config
    shape = {
        name: getattr(text, name)
        for name in (
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "initializer_range",
        )
    }
    torch.manual_seed(0)
    config = MistralConfig(**shape, num_key_value_heads=2, sliding_window=24, max_position_embeddings=512)
    llava.model.model.language_model = MistralModel(config).eval()
    llava.model.config.text_config = config
    engine = engine_of(llava, images, settings_of("vicuna_v1"))
    alone = {request.id: one_by_one(engine, request) for request in requests()}
    for tokens in BUDGETS:
        assert generated(replace(engine, tokens=tokens), requests(), monkeypatch) == alone
    whole = MistralConfig(**shape, num_key_value_heads=2, sliding_window=None, max_position_embeddings=512)
    llava.model.model.language_model.config.sliding_window = None
    llava.model.config.text_config = whole
    assert generated(engine, requests(), monkeypatch) != alone


@pytest.mark.parametrize("tokens", BUDGETS)
def test_the_tower_runs_once_for_each_image(llava: Llava, images: ImageReader, tokens: int) -> None:
    shown: list[int] = []
    llava.model.model.vision_tower.embeddings.register_forward_hook(lambda *call: shown.append(len(call[1][0])))
    asked = [request for request in requests() if len(request.images) < 2]
    list(engine_of(llava, images, settings_of("vicuna_v1"), tokens).answer(asked, set()))
    assert sum(shown) == 6


def test_a_model_is_shown_a_turned_image_as_one_that_is_stored_upright(llava: Llava, tmp_path: Path) -> None:
    path = index(tmp_path, 6)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "raw/a.jpg"))
    pixels = {
        flag: engine_of(llava, image_reader([path], flag), settings_of("vicuna_v1"))._show("a.jpg", False)
        for flag in (True, False)
    }
    expected = llava.show(upright)["pixel_values"]
    assert torch.equal(pixels[True]["pixel_values"], expected)
    assert not torch.equal(pixels[False]["pixel_values"], expected)


def test_features_are_those_of_transformers(llava: Llava, images: ImageReader) -> None:
    pixels = torch.stack([llava.pixels(images.open(f"{n}.jpg", images.row(f"{n}.jpg").pin)) for n in range(4)])
    with torch.inference_mode():
        expected = torch.stack(list(llava.model.get_image_features(pixel_values=pixels).pooler_output))
        assert torch.equal(projected_features(llava.model, pixels), expected)


def test_an_interrupted_job_continues_with_another_budget(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    questions = [Question(request.id, request.text, request.images, "part") for request in requests()]
    small, large = (settings_of("vicuna_v1", tokens=tokens, max_new_tokens=NEW) for tokens in (60, 8192))
    whole = answered(llava, questions, images, small, tmp_path / "whole")
    saved = (tmp_path / "whole").read_bytes().splitlines(keepends=True)
    (tmp_path / "torn").write_bytes(b"".join(saved[:11]) + saved[11][:9])
    assert answered(llava, questions, images, large, tmp_path / "torn") == whole
    assert len(SavedReplies(tmp_path / "torn")._replies) == len(questions)


def test_answers_tell_why_they_stopped(llava: Llava, images: ImageReader) -> None:
    engine = engine_of(llava, images, settings_of("vicuna_v1"))
    replies = list(engine.answer(requests(), set()))
    assert {reply.stop for reply in replies} <= {"end", "length"} and all(reply.tokens <= NEW for reply in replies)
    assert all(reply.tokens == NEW for reply in replies if reply.stop == "length")
    longest = max(replies, key=lambda reply: len(reply.text))
    end = longest.text[3:6]
    stopped = engine_of(llava, images, settings_of("vicuna_v1", stop=[end]))
    (again,) = [reply for reply in stopped.answer(requests(), set()) if reply.id == longest.id]
    assert again.text == longest.text[: longest.text.index(end)].strip() and again.stop == "end"
    assert again.tokens <= longest.tokens


def test_drawn_answers_depend_on_the_seed_and_on_nothing_beside(llava: Llava, images: ImageReader) -> None:
    def texts(tokens: int, seed: int, asked: list[Request]) -> dict[str, str]:
        how = settings_of("vicuna_v1", temperature=1.0, top_p=0.9, seed=seed)
        return {reply.id: reply.text for reply in engine_of(llava, images, how, tokens).answer(asked, set())}

    once = texts(60, 0, requests())
    assert texts(8192, 0, requests()) == texts(60, 0, requests()[::-1]) == once
    assert texts(60, 0, requests()[:5]) == {number: once[number] for number in list("01234")}
    assert texts(60, 1, requests()) != once


def test_tokens_are_drawn_among_the_likeliest() -> None:
    logits = torch.tensor([[0.5, 0.1, 0.4, 0.0]]).log().repeat(5, 1)
    numbers = [0.0, 0.49, 0.56, 0.9, 0.999]
    assert drawn(logits, numbers, Sampling(1.0, 1.0, 0)) == [0, 0, 2, 2, 1]
    assert drawn(logits, numbers, Sampling(1.0, 0.9, 0)) == [0, 0, 2, 2, 2]
    assert drawn(logits, numbers, Sampling(1.0, 0.3, 0)) == [0] * 5
    assert drawn(logits, numbers, Sampling(0.01, 1.0, 0)) == [0] * 5


@pytest.mark.parametrize("own", [{"repetition_penalty": 1.2}, {"suppress_tokens": [5]}, {"token_healing": True}])
def test_a_checkpoint_that_asks_for_other_answers_is_refused(own: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=rf"asks for {next(iter(own))}"):
        expect_plain(GenerationConfig(**own))


def test_what_plain_answers_ignore_is_ignored() -> None:
    expect_plain(GenerationConfig())
    expect_plain(GenerationConfig(do_sample=True, temperature=0.6, top_p=0.9, max_length=4096, repetition_penalty=1.0))


def test_several_processes_give_the_same_replies(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    llava.save(tmp_path / "model")
    how = settings_of("vicuna_v1", max_new_tokens=NEW)
    crowded = Request("crowded", "Same?", ("0.jpg",) * 600, NEW)

    def replies(processes: int, answered: set[str]) -> dict[str, Reply]:
        settings = Settings(tokens=60, processes=processes)
        engine = open_engine(settings, tmp_path / "model", images, how, EnginePaths(tmp_path, tmp_path / "log"))
        made = list(engine.answer([*requests(), crowded], answered))
        assert len(made) == len({reply.id for reply in made})
        return {reply.id: reply for reply in made}

    alone = replies(1, set())
    assert replies(2, set()) == alone and len(alone) == len(requests()) + 1
    assert [name for name, reply in alone.items() if reply.status == "failed"] == ["crowded"]
    assert replies(2, set(alone) - {"3", "t2"}).items() >= {name: alone[name] for name in ("3", "t2")}.items()


def test_a_process_that_fails_fails_the_job(images: ImageReader, tmp_path: Path) -> None:
    engine = open_engine(
        Settings(processes=2),
        tmp_path / "missing",
        images,
        settings_of("vicuna_v1"),
        EnginePaths(tmp_path, tmp_path / "log"),
    )
    with pytest.raises(PipelineError, match=r"(?s)process \d of this job failed.*missing"):
        list(engine.answer(requests(), set()))


def test_half_precision_answers_too(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    llava.save(tmp_path / "model")
    how = settings_of("vicuna_v1", max_new_tokens=NEW)
    engine = open_engine(
        Settings(precision="bfloat16"), tmp_path / "model", images, how, EnginePaths(tmp_path, tmp_path / "log")
    )
    assert {reply.id for reply in engine.answer(requests(), set())} == {request.id for request in requests()}
    assert Settings(precision="bfloat16").canonical() != Settings().canonical()
