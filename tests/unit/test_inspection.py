"""The questions of a benchmark, looked at before anything is trained or asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import write_lines
from pipeline_lib.images.index import IndexRow, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inspection.questions import Inspection, inspect_questions
from pipeline_lib.inspection.settings import InspectQuestionsSettings
from pipeline_lib.inspection.verdict import expect_no_fault, join_verdicts, verdict
from pipeline_lib.job.manifest import Manifest, write_manifest
from tests.unit.test_pope import write_benchmark

POPE = InspectQuestionsSettings(
    benchmark="pope", protocol="llava15", files=FileNames(questions="questions.jsonl", gold="labels"), scored=True
)


@pytest.fixture()
def shard(tmp_path: Path) -> Path:
    """Return the folder of a raw shard that holds questions about 0.jpg to 3.jpg, with their labels."""
    write_benchmark(tmp_path / "000")
    return tmp_path / "000"


def images(folder: Path, *names: str, status: str = "kept") -> ImageReader:
    rows = [IndexRow(name, status, "JPEG", "", name, 0, 1, 1, 1, 1, "", "") for name in names]
    write_index(folder / "index.parquet", rows)
    return ImageReader([folder / "index.parquet"])


def all_images(shard: Path) -> ImageReader:
    return images(shard.parent, *(f"{number}.jpg" for number in range(4)))


def edit(path: Path, line: int, **changes: Any) -> None:
    rows = [json.loads(text) for text in path.read_text().splitlines()]
    rows[line].update(changes)
    write_lines(path, rows)


def inspect_shard(shard: Path, reader: ImageReader, **changes: Any) -> Inspection:
    manifest = shard.with_name("000.manifest.json")
    write_manifest(manifest, [shard], DigestCache(shard.parent / "digests"))
    shards = [Manifest(manifest, DigestCache(shard.parent / "digests"))]
    chosen = changes.pop("chosen", None)
    return inspect_questions(shards, reader, POPE.model_copy(update=changes), chosen)


def test_whole_questions_are_counted_and_pass(shard: Path) -> None:
    inspection = inspect_shard(shard, all_images(shard))
    assert inspection.faults == []
    assert {name: inspection.report[name] for name in ("questions", "images", "gold", "parts")} == {
        "questions": 24,
        "images": 4,
        "gold": 24,
        "parts": {"adversarial": 8, "popular": 8, "random": 8},
    }


def test_a_missing_image_is_named_with_the_nearest_name(shard: Path) -> None:
    inspection = inspect_shard(shard, images(shard.parent, "0.JPG", "coco/1.jpg", "2.jpg", "3.png"))
    (fault,) = inspection.faults
    assert "18 of 24 questions have an unusable image" in fault
    assert "0.jpg" in fault and "there is 0.JPG" in fault and "cure" in fault
    assert len(inspection.report["missing_images"]) == 18


def test_an_image_in_quarantine_is_missing_too(shard: Path) -> None:
    reader = images(shard.parent, *(f"{number}.jpg" for number in range(4)), status="quarantined")
    assert "image quarantined" in inspect_shard(shard, reader).faults[0]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"question_id": 2}, "repeats an id"),
        ({"text": " "}, "1 questions have no text"),
    ],
)
def test_what_is_wrong_with_a_question_is_told(shard: Path, changes: dict[str, Any], fault: str) -> None:
    edit(shard / "questions.jsonl", 0, **changes)
    assert fault in "\n".join(inspect_shard(shard, all_images(shard)).faults)


def test_a_question_file_without_a_question_is_refused(shard: Path) -> None:
    (shard / "questions.jsonl").write_text("")
    assert "no question" in inspect_shard(shard, all_images(shard)).faults[0]


def test_gold_of_other_questions_is_found_before_they_are_asked(shard: Path) -> None:
    edit(shard / "labels" / "coco_pope_random.json", 0, text="Is there a cat?")
    (fault,) = inspect_shard(shard, all_images(shard)).faults
    assert "coco_pope_random.json" in fault


def test_gold_that_nobody_has_is_not_looked_for(shard: Path) -> None:
    (shard / "labels" / "coco_pope_random.json").unlink()
    assert inspect_shard(shard, all_images(shard)).faults != []
    assert inspect_shard(shard, all_images(shard), scored=False).faults == []


def test_a_file_that_the_dataset_lacks_is_a_fault(shard: Path) -> None:
    (fault,) = inspect_shard(shard, all_images(shard), files=FileNames(questions="other.jsonl")).faults
    assert "other.jsonl" in fault


def test_a_rehearsal_misses_no_image_that_it_does_not_ask_about(shard: Path) -> None:
    inspection = inspect_shard(shard, images(shard.parent, "0.jpg"), chosen={"1", "2"})
    assert inspection.faults == [] and inspection.report["questions"] == 2


def test_a_file_that_was_altered_leaves_no_verdict(shard: Path) -> None:
    reader, cache = all_images(shard), DigestCache(shard.parent / "digests")
    write_manifest(shard.with_name("000.manifest.json"), [shard], cache)
    edit(shard / "questions.jsonl", 0, text="another question")
    with pytest.raises(PipelineError, match="changed after it was made"):
        inspect_questions([Manifest(shard.with_name("000.manifest.json"), cache)], reader, POPE, None)


def test_verdicts_of_other_gold_are_equal_while_there_is_no_fault(shard: Path) -> None:
    before = verdict(inspect_shard(shard, all_images(shard)).faults)
    edit(shard / "labels" / "coco_pope_random.json", 0, label="no")
    assert verdict(inspect_shard(shard, all_images(shard)).faults) == before


def test_all_faults_of_all_benchmarks_hold_a_training_back(tmp_path: Path) -> None:
    faults = {"a": [], "b": ["no question\n  cure:  add one"], "c": ["no gold"]}
    paths = [tmp_path / f"{name}.json" for name in faults]
    for path, texts in zip(paths, faults.values(), strict=True):
        path.write_text(json.dumps(verdict(texts)))
    expect_no_fault(paths[:1])
    expect_no_fault([])
    (tmp_path / "all.json").write_text(json.dumps(join_verdicts(paths)))
    with pytest.raises(PipelineError, match="2 faults in the questions:\nno question\n  cure:  add one\nno gold"):
        expect_no_fault([tmp_path / "all.json"])
