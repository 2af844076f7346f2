"""A real model reviews its answers: each turn is answered as by `generate` alone, whatever is asked together."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.engines.base import EnginePaths, Reply, Request, Round
from pipeline_lib.engines.transformers import Settings, engine_of, open_engine
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.settings import Review
from pipeline_lib.prompts import vicuna_v1
from pipeline_lib.prompts.base import question, text_of
from tests.models.answering import answered, settings_of
from tests.models.making import WORDS

NEW = 6
REVIEW = Review(text="Are you sure? {question}", turns=3)


def questions() -> list[Question]:
    pictured = [Question(f"{n}", f"What is {WORDS[n % 5]}?", (f"{n % 3}.jpg",), "part") for n in range(8)]
    return [*pictured, *(Question(f"t{n}", f"Say {WORDS[n]}", (), "part") for n in range(3))]


def records(llava: Llava, images: ImageReader, saved: Path, tokens: int = 2048, **settings: Any) -> list[Any]:
    how = settings_of("vicuna_v1", tokens=tokens, **{"max_new_tokens": NEW, "review": REVIEW, **settings})
    return answered(llava, questions(), images, how, saved)


def texts(record: dict[str, Any]) -> list[str]:
    return [*(each["text"] for each in record["earlier"]), record["text"]]


def test_every_turn_is_that_of_generate_in_the_conversation(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    made = records(llava, images, tmp_path / "saved")
    engine: Any = engine_of(llava, images, settings_of("vicuna_v1"))
    for record, asked in zip(made, questions(), strict=True):
        turns = texts(record)
        then = f"Are you sure? {asked.prompt}"
        assert len(turns) == 3 and {each["then"] for each in record["earlier"]} == {then}
        rounds = tuple(Round(text, then) for text in turns[:2])
        ids = torch.tensor([engine._prompt(Request("", asked.prompt, asked.images, NEW, rounds=rounds)).ids])
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if asked.images:
            inputs["pixel_values"] = torch.stack([engine._show(path, False)["pixel_values"] for path in asked.images])
        with torch.inference_mode():
            output = llava.model.generate(
                **inputs, max_new_tokens=NEW, do_sample=False, suppress_tokens=llava.untrained_token_ids
            )
        new = output[0, ids.shape[1] :]
        assert turns[2] == llava.tokens.tokenizer.decode(new, skip_special_tokens=True).strip()
        assert record["metadata"]["tokens"] == len(new)


def test_the_first_turn_is_the_answer_of_a_run_without_a_review(
    llava: Llava, images: ImageReader, tmp_path: Path
) -> None:
    reviewed = records(llava, images, tmp_path / "a")
    alone = records(llava, images, tmp_path / "b", review=None)
    assert [texts(record)[0] for record in reviewed] == [record["text"] for record in alone]
    assert all("earlier" not in record for record in alone)
    assert [each["earlier"][0]["metadata"] for each in reviewed] == [each["metadata"] for each in alone]


def test_budgets_and_interruptions_change_no_byte(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    whole = records(llava, images, tmp_path / "whole")
    assert len({text for record in whole for text in texts(record)}) > 5
    lines = (tmp_path / "whole").read_bytes().splitlines(keepends=True)
    assert len(lines) == 3 * len(questions())
    for tokens, done in ((1, 0), (60, 5), (400, 11), (8192, 16), (60, 30)):
        path = tmp_path / f"{tokens}-{done}"
        path.write_bytes(b"".join(lines[:done]) + lines[done][:9])
        assert records(llava, images, path, tokens) == whole


def test_the_first_answer_ends_behind_a_text_and_holds_it(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    whole = records(llava, images, tmp_path / "a", review=None)
    mark = max((record["text"] for record in whole), key=len)[2:4]
    cut = records(llava, images, tmp_path / "b", review=Review(text="Continue.", after=mark))
    for record, alone in zip(cut, whole, strict=True):
        first = record["earlier"][0]
        assert first["until"] == mark and alone["text"].startswith(first["text"])
        if mark in alone["text"]:
            assert first["text"].endswith(mark) and first["text"].count(mark) == 1
            assert first["metadata"]["stop"] == "end"
        else:
            assert first["text"] == alone["text"]


def test_the_mark_of_an_image_in_an_earlier_answer_is_text(llava: Llava, images: ImageReader) -> None:
    rounds = [("an <image> of <image>", "Is <image> it?")]
    prompt = question(vicuna_v1, "What?", 1, rounds)
    assert text_of(prompt) == text_of(
        vicuna_v1.prompt(
            [
                {"from": "human", "value": "<image>\nWhat?"},
                {"from": "gpt", "value": rounds[0][0]},
                {"from": "human", "value": rounds[0][1]},
            ]
        )
    )
    engine = engine_of(llava, images, settings_of("vicuna_v1"))
    asked = Request("1", "What?", ("0.jpg",), NEW, rounds=(Round(*rounds[0]),))
    ids = engine._prompt(asked).ids
    assert ids.count(llava.tokens.image_id) == llava.tokens.per_image
    assert "an <image> of <image></s>" in llava.tokens.tokenizer.decode(ids)
    assert list(engine.answer([asked], set()))


@pytest.mark.long
def test_several_processes_review_alike(llava: Llava, images: ImageReader, tmp_path: Path) -> None:
    llava.save(tmp_path / "model")
    how = settings_of("vicuna_v1")
    asked = [
        Request(each.id, each.prompt, each.images, NEW, rounds=(Round("a b", "Sure?"),), until="a")
        for each in questions()[:4]
    ]

    def replies(processes: int) -> dict[str, Reply]:
        engine = open_engine(
            Settings(tokens=60, processes=processes),
            tmp_path / "model",
            images,
            how,
            EnginePaths(tmp_path, tmp_path / "log"),
        )
        return {reply.id: reply for reply in engine.answer(asked, set())}

    assert replies(2) == replies(1)
