"""Every family learns eight rows by heart: four images, two questions, and an answer that depends on both."""

from itertools import product
from pathlib import Path

import pytest

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import names
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.opening import load_vlm
from pipeline_lib.recipes import full
from pipeline_lib.training.task import TrainingInputs
from tests.models.answering import answered, settings_of
from tests.models.random_models import TEMPLATES, random_model
from tests.models.trained import train

PAIRS = list(product(["What is it?", "What is red?"], ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]))  # of question and image
ANSWERS = ["red", "green", "blue", "one two", "three four five", "six", "five two", "green red"]


def eight_rows(images: ImageReader) -> list[Conversation]:
    """Return a row for every pair of a question and an image."""
    turns = [
        [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]
        for (question, _), answer in zip(PAIRS, ANSWERS, strict=True)
    ]
    return [
        Conversation(number, str(number), picture, images.row(picture).sha256, turns[number])
        for number, (_, picture) in enumerate(PAIRS)
    ]


def test_every_family_is_here() -> None:
    assert sorted(TEMPLATES) == sorted(names("families"))


@pytest.mark.parametrize(
    "family", [pytest.param(name, marks=[pytest.mark.long] * (name == "mllama")) for name in TEMPLATES]
)
def test_eight_rows_are_learned_by_heart(
    family: str, language: Path, tower: Path, images: ImageReader, tmp_path: Path
) -> None:
    start = random_model(family, language, tower, tmp_path / "start")
    recipe = full.Settings(
        name="full", template=TEMPLATES[family], steps=120, batch_size=8, learning_rate=5e-3, clip_norm=1.0
    )
    rows = eight_rows(images)
    trained = train(TrainingInputs(Base(start, digests={"start": "d"}), rows, images, seed=0), recipe, tmp_path / "out")
    vlm = load_vlm(trained)
    vlm.model.eval()
    questions = [
        Question(str(number), question, (picture,), "part") for number, (question, picture) in enumerate(PAIRS)
    ]
    settings = settings_of(TEMPLATES[family], family=family, max_new_tokens=8)
    records = answered(vlm, questions, images, settings, tmp_path / "replies")
    assert [record["text"] for record in records] == ANSWERS
