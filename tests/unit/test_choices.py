"""The digits as multiple choice: true answers, every letter as likely, official files that the benchmarks read."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_lib.benchmarks import mmbench, scienceqa
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.core.plugins import load
from pipeline_lib.core.text import read_json
from pipeline_lib.core.tsv import read_tsv
from pipeline_lib.digits.choices import KINDS, LETTER, choice, lookup
from pipeline_lib.digits.conversations import instruction_rows, lookup_rows, text_rows
from pipeline_lib.digits.render import encode, image_name
from pipeline_lib.digits.scene import CELLS, NAMES, Scene, draw_scene
from pipeline_lib.images.decode import open_image

MILLION = 1_000_000


def truth(scene: Scene, question: str) -> list[str]:
    """Return every word that answers a question about a scene."""
    if question.startswith("How many"):
        return [NAMES[len(scene.digits)]]
    cells = [CELLS.index(cell) for cell in CELLS if cell in question]
    return [NAMES[d] for d, cell in zip(scene.digits, scene.cells, strict=True) if not cells or cell in cells]


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_one_option_is_true_and_every_letter_as_likely(kind: str) -> None:
    generator = np.random.default_rng(0)
    letters: Counter[str] = Counter()
    for number in range(400):
        scene = draw_scene(0, "train", number)
        asked = choice(scene, generator, kind)
        assert len(set(asked.options)) == 4
        assert [place for place, option in enumerate(asked.options) if option in truth(scene, asked.question)] == [
            asked.answer
        ]
        letters[asked.letter] += 1
    assert min(letters[letter] for letter in "ABCD") > 70


def test_a_rotated_question_has_the_same_answer_elsewhere() -> None:
    asked = choice(draw_scene(0, "train", 0), np.random.default_rng(0))
    turned = [asked.rotated(steps) for steps in range(5)]
    assert {one.options[one.answer] for one in turned} == {asked.options[asked.answer]}
    assert {one.letter for one in turned} == set("ABCD") and turned[4] == asked


def test_a_lookup_names_one_of_its_options() -> None:
    generator = np.random.default_rng(0)
    sizes = Counter()
    for _ in range(200):
        asked = lookup(generator)
        assert asked.question == f"Which option is {asked.options[asked.answer]}?"
        assert len(set(asked.options)) == len(asked.options)
        sizes[len(asked.options)] += 1
    assert set(sizes) == {2, 3, 4}


def test_shares_leave_the_other_rows_as_they_were() -> None:
    for plain, mixed in (
        (instruction_rows(0, "train", 50, 200), instruction_rows(0, "train", 50, 200, 0.4)),
        (text_rows(0, 400), text_rows(0, 400, 0.3, 0.1)),
    ):
        changed = [new for old, new in zip(plain, mixed, strict=True) if old != new]
        assert len(changed) / len(plain) == pytest.approx(0.4, rel=0.2)
        assert all(LETTER in new["conversations"][0]["value"] for new in changed)
        assert [row["id"] for row in plain] == [row["id"] for row in mixed]


def test_text_rows_tell_the_scene_as_the_image_would_or_as_context() -> None:
    leads = Counter()
    for number, row in enumerate(text_rows(0, 200, 0.5, 0.5)):
        question, said = (turn["value"] for turn in row["conversations"])
        if question.startswith("Which option is "):
            leads["lookup"] += 1
            continue
        first, asked, *options, suffix = question.split("\n")
        leads["context" if first.startswith("Context: ") else "told"] += 1
        assert suffix == LETTER
        (right,) = [option for option in options if option[0] == said]
        assert right[3:] in truth(draw_scene(0, "text", number), asked)
    assert min(leads[lead] for lead in ("lookup", "context", "told")) > 30


def test_lookups_are_a_file_where_they_are_asked_for(tmp_path: Path) -> None:
    source = load("sources", "digits_conversations")
    some: dict[str, Any] = {
        "kind": "digits_conversations",
        "part": "train",
        "scenes": 3,
        "instruction_rows": 3,
        "text_rows": 3,
    }
    assert "lookups.json" not in source.list_names(source.Settings(**some), 0)
    settings = source.Settings(**some, lookup_rows=5)
    assert source.list_names(settings, 0)[-1] == "lookups.json"
    source.fetch(settings, 0, ["lookups.json"], tmp_path)
    assert read_json(tmp_path / "lookups.json") == lookup_rows(0, 5)


def fetched(kind: str, folder: Path, scenes: int) -> None:
    source = load("sources", kind)
    settings = source.Settings(kind=kind, part="test", scenes=scenes)
    source.fetch(settings, 0, source.list_names(settings, 0), folder)


def test_scienceqa_about_scenes_is_read_as_scienceqa(tmp_path: Path) -> None:
    fetched("digits_scienceqa", tmp_path, 20)
    files = Files(tmp_path / "llava_test_CQM-A.json", tmp_path / "scienceqa")
    questions = scienceqa.questions(files, "llava15")
    gold = scienceqa.gold(files, questions, "llava15")
    assert len(gold) == 20 and Counter(question.part for question in questions) == {"image": 10, "text": 10}
    for number, question in enumerate(questions):
        lines = question.prompt.split("\n")
        assert question.options[gold[question.id]] in truth(draw_scene(0, "test", number), lines[-6])
        assert (lines[0].startswith("Context: ")) == (not question.images)
        assert question.images in ((), (image_name("test", number),))
    assert len(json.loads((tmp_path / "scienceqa/pid_splits.json").read_text())["minitest"]) == 2


def test_mmbench_about_scenes_is_read_as_mmbench_and_holds_its_images(tmp_path: Path) -> None:
    fetched("digits_mmbench", tmp_path, 12)
    files = Files(tmp_path / "mmbench_dev.tsv")
    questions = mmbench.questions(files, "llava15")
    gold = mmbench.gold(files, questions, "llava15")
    assert [int(question.id) for question in questions] == [n + 1 + k * MILLION for k in range(4) for n in range(12)]
    assert {question.part.split("/")[0] for question in questions} == {"perception", "reasoning"}
    for question in questions:
        scene = draw_scene(0, "test", int(question.id) % MILLION - 1)
        assert question.options[gold[question.id]] in truth(scene, question.prompt.split("\n")[0])
    for row in read_tsv(files.questions, ["index", "image"]):
        number = int(row["index"]) % MILLION - 1
        content = base64.b64decode(row["image"], validate=True)
        assert content == encode(draw_scene(0, "test", number), 0, "test", number)
        open_image(content)
    letters = {gold[str(1 + copy * MILLION)] for copy in range(4)}
    assert letters == set("ABCD")
