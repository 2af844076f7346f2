"""Answers, held token by token against those of the original code, which asked its questions one by one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.benchmarks.base import Files, Question, load_benchmark
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.generation.generate import Answer, Generator
from pipeline_lib.generation.plan import Row
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.determinism import make_deterministic
from tests.models.answering import answered, settings_of
from tests.models.original import MARK, Opened, asked
from tests.sample import each_model

NEW_TOKENS = 24
ANSWERS = {  # models, and the files with their answers
    "llava-tiny": "q40_answers",
    "llava-tiny-finetune": "q40_answers_finetune",
    "llava-tiny-merged-fp32": "q40_answers_merged",
    "llava-tiny-lora": "q40_answers_lora",
    "llava-tiny-pretrain": "q40_answers_projonly_v1",
}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def answers(
    llava: Llava, questions: list[Question], pictures: ImageReader, folder: Path, tokens: int, new_tokens: int
) -> list[dict[str, Any]]:
    make_deterministic(0, 1)
    settings = settings_of(str(llava.card.template), tokens=tokens, max_new_tokens=new_tokens)
    return answered(llava, questions, pictures, settings, folder / f"{tokens}.jsonl")


@pytest.mark.parametrize("tokens", [1, 256, 1500, 8192])
def test_every_token_is_that_of_the_original(
    golden: Path, original: Opened, pictures: ImageReader, tmp_path: Path, tokens: int, monkeypatch: Any
) -> None:
    llava = original("llava-tiny")
    recorded = [(row["input_ids"], row["output_ids"][1:]) for row in lines(golden / "generate" / "q40_ids.jsonl")]
    generated: list[tuple[list[int], list[int]]] = []
    answer = Generator.answer

    def noted(generator: Generator, rows: list[Row], images: Any, replies: dict[int, Answer]) -> None:
        answer(generator, rows, images, replies)
        for row in rows:
            for number, ids in row.rest.items():
                generated.append((collapsed([*row.shared, *ids], llava), replies[number].ids))

    monkeypatch.setattr(Generator, "answer", noted)
    answers(llava, asked(golden), pictures, tmp_path, tokens, NEW_TOKENS)
    assert len(generated) == len(recorded) == 40
    assert sorted(generated) == sorted(recorded)  # they are asked by their images


def collapsed(ids: list[int], llava: Llava) -> list[int]:
    """Return a prompt with one mark in the place of its image."""
    image = llava.model.config.image_token_id
    start = ids.index(image)
    return [*ids[:start], MARK, *ids[start + ids.count(image) :]]


@pytest.mark.parametrize(("golden", "name"), each_model(ANSWERS), indirect=["golden"], scope="session")
def test_answers_are_those_of_the_original(
    golden: Path, original: Opened, pictures: ImageReader, tmp_path: Path, name: str
) -> None:
    told = lines(golden / "generate" / f"{ANSWERS[name]}.jsonl")
    llava = original(name)
    found = answers(llava, asked(golden), pictures, tmp_path, 2048, NEW_TOKENS)
    assert len(told) == 40
    for key in ("question_id", "prompt", "text"):
        assert [row[key] for row in found] == [row[key] for row in told]


def test_answers_to_scienceqa_are_those_of_the_original(
    golden: Path, original: Opened, pictures: ImageReader, tmp_path: Path
) -> None:
    told = lines(golden / "generate" / "sqa8_answers.jsonl")
    questions = load_benchmark("scienceqa", "llava15").questions(Files(golden / "data" / "sqa8.json"), "llava15")
    shown = [replace(q, images=tuple(image.removeprefix("set/") for image in q.images)) for q in questions]
    assert sum(not question.images for question in shown) == 4
    for tokens in (1, 300, 8192):
        found = answers(original("llava-tiny"), shown, pictures, tmp_path, tokens, 1024)
        for key in ("question_id", "prompt", "text"):
            assert [row[key] for row in found] == [row[key] for row in told]
