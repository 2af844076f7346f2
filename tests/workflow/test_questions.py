"""Unusable questions end the run before any training or prediction; another gold answer asks nothing."""

import json
import shutil
from pathlib import Path

import pytest

from tests.project import Project
from tests.workflow.edits import INSPECTED, SCORED, STUDY

VERDICT = "results/mini/questions/pope.verdict.json"


def test_no_training_starts_while_an_image_of_a_question_is_missing(mini: Project) -> None:
    mini.edit(STUDY, "images: [mini_test_scenes]", "images: [mini_scenes]")
    mini.edit(
        STUDY, "subset: full\n    recipe: {name: full, steps: 5", "subset: full\n    recipe: {name: full, steps: 6"
    )
    before = mini.records()
    done = mini.make("results/mini/checkpoints/full.manifest.json")
    assert done.returncode == 1
    assert mini.worked_since(before) == {**INSPECTED, "train": 1}  # which wrote nothing but its record
    for told in (
        "60 of 60 questions have an unusable image",
        "llava_pope_test.jsonl",
        "no dataset holds this image",
        "cure",
    ):
        assert told in done.text


def test_a_prediction_is_refused_before_its_model_is_read(mini: Project) -> None:
    mini.edit(STUDY, "images: [mini_test_scenes]", "images: [mini_scenes]")
    (mini.root / "results/mini/checkpoints/full/model.safetensors").write_bytes(b"not a model")
    done = mini.make("results/mini/answers/full/pope.jsonl")
    assert done.returncode == 1 and "60 of 60 questions have an unusable image" in done.text


@pytest.mark.long
def test_another_gold_answer_scores_again_and_asks_nothing(mini: Project, tmp_path: Path) -> None:
    for name in ("questions", "gold"):
        (tmp_path / name).mkdir()
    raw = mini.root / "data/raw/mini_pope/000"
    shutil.copy(raw / "llava_pope_test.jsonl", tmp_path / "questions")
    shutil.copytree(raw / "labels", tmp_path / "gold/labels")
    source = "{{kind: folder, path: {}}}".format
    mini.edit(
        STUDY,
        "  mini_pope:\n    source: {kind: digits_pope, part: test, scenes: 10}",
        f"  own_pope:\n    source: {source(tmp_path / 'questions')}\n  own_gold:\n    source: {source(tmp_path / 'gold')}",
    )
    mini.edit(STUDY, "dataset: mini_pope\n", "dataset: own_pope\n    gold: own_gold\n")
    assert mini.make().returncode == 0
    assert json.loads((mini.root / VERDICT).read_text())["faults"] == []
    labels = tmp_path / "gold/labels/coco_pope_random.json"
    first, *others = labels.read_text().splitlines(keepends=True)
    labels.write_text(
        first.replace('"yes"', '"maybe"').replace('"no"', '"yes"').replace('"maybe"', '"no"') + "".join(others)
    )
    assert mini.planned("results/mini/pope_score.json") == {"fetch": 1, **INSPECTED, **SCORED}
