"""Overlap of a benchmark with the rows of trainings: equal and similar images, equal questions, scores without them."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.base import FileNames, Question
from pipeline_lib.config import overlap_stages
from pipeline_lib.config.ancestry import seen_subsets, unknown_origins
from pipeline_lib.config.load import load_study
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.study import Study
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.images.index import read_index
from pipeline_lib.job.manifest import Manifest, write_manifest
from pipeline_lib.overlap.asked import asked_of
from pipeline_lib.overlap.clean import Answered, affected, clean_score, unclean_ids
from pipeline_lib.overlap.compare import SubsetOverlap, compare
from pipeline_lib.overlap.fingerprints import fingerprints, look
from pipeline_lib.overlap.looks import bits, nearest
from pipeline_lib.overlap.prints import Prints, read_prints, write_prints
from pipeline_lib.overlap.rows import OverlapRow, read_overlaps, write_overlaps
from pipeline_lib.overlap.shown import overlap_lines
from pipeline_lib.overlap.texts import asked_by, forms
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.shown import ShownScore
from tests.image_shelf import Shelf, encoded, picture, turn
from tests.scored import scored_answers
from tests.unit.test_pope import answer_all, write_benchmark

POPE = ScoreSettings(benchmark="pope", files=FileNames(questions="questions.jsonl", gold="labels"))


class Fingerprinted(Shelf):
    """Datasets with the fingerprints of their images."""

    @property
    def prints(self) -> Prints:
        for index in self.indexes:
            write_prints(index.with_suffix(".prints"), fingerprints(index))
        return read_prints(index.with_suffix(".prints") for index in self.indexes)


@pytest.fixture()
def shelf(tmp_path: Path) -> Fingerprinted:
    """Return a training's dataset, converted to JPEG, and a benchmark's, which stays as it is.

    Of the benchmark's images one is the same file as the training's, one has its pixels in another format, one is a
    smaller copy, and one is another picture.
    """
    shelf = Fingerprinted(tmp_path)
    png, jpeg = encoded(picture(1), "PNG"), encoded(picture(2), "JPEG", quality=95)
    decoded = Image.open(io.BytesIO(jpeg)).convert("RGB")
    shelf.add("train", "jpeg", {"a.png": png, "b.jpg": jpeg, "c.jpg": encoded(picture(3), "JPEG", quality=95)})
    shelf.add(
        "test",
        "keep",
        {
            "same.png": png,
            "pixels.png": encoded(decoded, "PNG"),
            "smaller.jpg": encoded(picture(3).resize((48, 32)), "JPEG", quality=60),
            "other.png": encoded(picture(4), "PNG"),
        },
    )
    return shelf


def compared(shelf: Fingerprinted, questions: list[Question], rows: list[Conversation], near: int = 4) -> SubsetOverlap:
    return compare(asked_of(questions, shelf.images, near), "half", rows, shelf.prints)


def about(name: str, text: str = "What is it?") -> Question:
    return Question(name, text, (f"test/{name}",), "all")


def test_an_image_overlaps_by_its_file_its_pixels_or_its_look(shelf: Fingerprinted) -> None:
    questions = [about(name) for name in ("same.png", "pixels.png", "smaller.jpg", "other.png")]
    rows = [shelf.row(number, f"train/{name}", "Which?") for number, name in enumerate(("a.png", "b.jpg", "c.jpg"))]
    overlap = compared(shelf, questions, rows)
    assert [(row.question, row.kind, row.row, row.seen_image) for row in overlap.rows] == [
        ("same.png", "bytes", 0, "train/a.png"),  # although the training reads a JPEG of it
        ("pixels.png", "pixels", 1, "train/b.jpg"),
        ("smaller.jpg", "near", 2, "train/c.jpg"),
    ]
    assert {kind: overlap.counts[kind] for kind in ("bytes", "pixels", "near", "question")} == {
        "bytes": 1,
        "pixels": 1,
        "near": 1,
        "question": 0,
    }
    strict = compared(shelf, questions, rows, near=0)
    assert {row.kind for row in strict.rows} <= {"bytes", "pixels", "near"} and len(strict.rows) <= len(overlap.rows)


def test_only_images_that_the_rows_show_count(shelf: Fingerprinted) -> None:
    overlap = compared(shelf, [about("same.png"), about("pixels.png")], [shelf.row(7, "train/b.jpg", "Which?")])
    assert [(row.question, row.row) for row in overlap.rows] == [("pixels.png", 7)]
    assert (overlap.counts["rows"], overlap.counts["images"]) == (1, 1)
    assert compared(shelf, [about("same.png")], []).rows == []


def test_a_question_with_several_images_has_a_row_for_the_strongest_match(shelf: Fingerprinted) -> None:
    both = Question("both", "Same?", ("test/smaller.jpg", "test/same.png"), "all")
    rows = [shelf.row(0, "train/a.png", "Which?"), shelf.row(1, "train/c.jpg", "Which?")]
    (row,) = compared(shelf, [both], rows).rows
    assert (row.kind, row.image) == ("bytes", "test/same.png")


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("Is there a dog?", "is there  a DOG"),
        ("Is there a dog?\nAnswer the question using a single word or phrase.", "<image>\nIs there a dog?"),
        ("Is there a dog?", "Is there a dog?\nPlease answer yes or no."),
        ("图中，有狗吗", "图中,有狗吗?\n<image>"),
    ],
)
def test_equal_questions_differ_in_case_punctuation_and_the_form_of_the_answer(asked: str, seen: str) -> None:
    assert asked_by(Question("1", asked, (), "all")) & forms([seen])


@pytest.mark.parametrize(
    "seen", ["Is there a cat?", "A dog is there?", "Is there a dog? Where?\nIs it big?", "<image>"]
)
def test_other_questions_are_not_equal(seen: str) -> None:
    assert not asked_by(Question("1", "Is there a dog?", (), "all")) & forms([seen])


def test_a_question_equals_that_of_any_turn_of_a_user(shelf: Fingerprinted) -> None:
    turns = [turn("human", "Hello"), turn("gpt", "Is it red?"), turn("human", "Is it blue?"), turn("gpt", "No")]
    rows = [Conversation(5, "5", None, None, turns)]
    questions = [Question(text, text, (), "all") for text in ("Is it blue?", "Is it red?")]
    assert [(row.question, row.kind, row.row) for row in compared(shelf, questions, rows).rows] == [
        ("Is it blue?", "question", 5)
    ]


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=20),
    st.lists(st.integers(0, 2**64 - 1), max_size=20),
)
def test_the_nearest_hash_is_the_one_with_the_fewest_other_bits(hashes: list[int], others: list[int]) -> None:
    indices, distances = nearest(*(bits([f"{value:016x}" for value in values]) for values in (hashes, others)))
    for value, index, distance in zip(hashes, indices, distances, strict=True):
        expected = [(value ^ other).bit_count() for other in others]
        assert (index, distance) == ((expected.index(min(expected)), min(expected)) if others else (-1, 65))


@pytest.mark.parametrize("seed", range(8))
def test_a_look_survives_another_size_and_a_coarser_jpeg_and_tells_pictures_apart(seed: int) -> None:
    original = bits([look(picture(seed))])
    copies = [picture(seed).resize((48, 32)), Image.open(io.BytesIO(encoded(picture(seed), "JPEG", quality=50)))]
    assert nearest(bits([look(copy) for copy in copies]), original)[1].max() <= 4
    assert nearest(bits([look(picture(seed + 100))]), original)[1].min() > 4


def test_an_image_without_a_fingerprint_is_an_error(shelf: Fingerprinted) -> None:
    asked = asked_of([about("same.png")], shelf.images, 4)
    with pytest.raises(PipelineError, match="no fingerprint"):
        compare(asked, "half", [], {})


def test_images_of_equal_bytes_are_fingerprinted_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add("twice", "keep", {"a.png": encoded(picture(1), "PNG"), "b.png": encoded(picture(1), "PNG")})
    assert len(read_index(shelf.indexes[0])) == 2 and len(fingerprints(shelf.indexes[0])) == 1


def image_rows(*names: str, kind: str = "bytes", subset: str = "half") -> list[OverlapRow]:
    return [OverlapRow(name, subset, kind, 0) for name in names]


def test_the_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [OverlapRow("1", "half", "near", 3, "a.jpg", "b.jpg", 2), OverlapRow("1", "half", "question", 4)]
    write_overlaps(tmp_path / "rows.parquet", rows)
    assert read_overlaps(tmp_path / "rows.parquet") == rows


def test_a_question_affected_by_several_subsets_counts_once_at_its_strongest_kind() -> None:
    rows = image_rows("1", kind="near") + image_rows("1", subset="full") + image_rows("1", "2", kind="question")
    assert affected(rows) == {"bytes": 1, "pixels": 0, "near": 0, "question": 2}


def test_all_questions_of_a_cluster_are_unclean_together() -> None:
    questions = [Question(str(n), "Is it?", ("a.jpg" if n < 3 else "b.jpg",), "random") for n in range(5)]
    assert unclean_ids(questions, POPE, image_rows("1")) == {"0", "1", "2"}


def test_an_equal_text_affects_a_question_without_images_alone() -> None:
    questions = [Question("1", "Is it?", ("a.jpg",), "random"), Question("2", "Is it?", (), "random")]
    assert unclean_ids(questions, POPE, image_rows("1", "2", kind="question")) == {"2"}


@pytest.fixture()
def answered(tmp_path: Path) -> tuple[list[Manifest], Answered]:
    """Return a shard of 24 questions about four images, and answers of which those about 0.jpg alone are right."""
    files = write_benchmark(tmp_path / "000")
    images = {question.id: question.images[0] for question in pope.questions(files, "llava15")}
    wrong = {"yes": "no", "no": "yes"}
    path = answer_all(
        files, tmp_path / "answers.jsonl", lambda q, gold: gold if images[q.id] == "0.jpg" else wrong[str(gold)]
    )
    manifest = tmp_path / "000.manifest.json"
    write_manifest(manifest, [tmp_path / "000"], DigestCache(tmp_path / "digests"))
    return [Manifest(manifest, DigestCache(tmp_path / "digests"))], Answered(path, [], None)


def ids_about(shards: list[Manifest], *images: str) -> list[str]:
    files = write_benchmark(shards[0].path.parent / "again")
    return [each.id for each in pope.questions(files, "llava15") if each.images[0] in images]


def test_a_clean_score_is_that_of_the_other_questions(answered: tuple[list[Manifest], Answered]) -> None:
    shards, answers = answered
    seen = ids_about(shards, "0.jpg")
    score = clean_score(shards, answers, POPE, image_rows(*seen))
    assert score["all"]["metrics"]["accuracy"] > score["clean"]["metrics"]["accuracy"] == 0
    assert (score["all"]["n"], score["clean"]["n"], score["left_out"]) == (24, 24 - len(seen), len(seen))


def test_without_overlap_both_scores_are_the_benchmarks(answered: tuple[list[Manifest], Answered]) -> None:
    shards, answers = answered
    score = clean_score(shards, answers, POPE, [])
    files = write_benchmark(shards[0].path.parent / "again")
    whole = scored_answers(answers.answers, files, POPE).score
    for part in ("n", "metrics", "interval"):
        assert score["all"][part] == score["clean"][part] == whole[part]
    assert score["answers"] == whole["answers"] and score["clean"]["parts_left_out"] == []


def test_where_everything_overlaps_there_is_no_clean_score(answered: tuple[list[Manifest], Answered]) -> None:
    shards, answers = answered
    score = clean_score(shards, answers, POPE, image_rows(*ids_about(shards, *(f"{n}.jpg" for n in range(4)))))
    assert score["clean"] == {
        "n": 0,
        "metrics": None,
        "interval": None,
        "parts_left_out": ["adversarial", "popular", "random"],
    }


def mini(**changes: Any) -> Study:
    return Study.model_validate({**load_study(Path("studies/mini.yaml")).model_dump(mode="json"), **changes})


def test_a_run_has_seen_the_rows_of_every_training_that_its_model_is_made_of() -> None:
    study = mini()
    assert seen_subsets(study, "half") == ["captions", "half", "text"]
    assert seen_subsets(study, "untrained") == ["captions", "text"]
    assert unknown_origins(study, "half") == []


def test_published_weights_and_servers_are_named_as_not_compared() -> None:
    study = load_study(Path("studies/llava15_half.yaml"))
    run = next(name for name, each in study.runs.items() if each.model in study.trainings)
    assert unknown_origins(study, run) and set(unknown_origins(study, run)) <= set(study.weights)


def test_only_a_study_that_asks_for_it_makes_the_overlap() -> None:
    assert Paths(mini(), "results").overlaps() == []
    study = mini(overlap={"near": 2})
    assert Paths(study, "results").overlaps() == ["results/overlap/pope.json", "results/pope_overlap.json"]
    subsets = Paths(study, "results").seen_subsets()
    assert overlap_stages.overlap(study, "pope", subsets).near == 2 and subsets == ["captions", "full", "half", "text"]


def test_show_prints_the_affected_questions_and_the_score_without_them(tmp_path: Path) -> None:
    clean = {"n": 20, "metrics": {"f1": 0.5}, "interval": {"f1": [0.4, 0.6]}}
    run = {"affected": {"near": 4}, "left_out": 4, "not_compared": ["clip"], "clean": clean, "answers": "abc"}
    (tmp_path / "pope_overlap.json").write_text(pretty_json({"runs": {"half": run}}))

    def lines(answers: str) -> list[str]:
        counts: dict[str, Any] = {"n": 24, "unparsed": 0, "missing": 0, "answers": answers}
        score = ShownScore(metrics={}, interval={}, **counts)
        return overlap_lines(tmp_path / "pope_overlap.json", "pope", {"half": score, "full": score}, ["f1"])

    (line,) = lines("abc")
    assert (
        "4 questions are left out" in line and "near 4" in line and "f1 0.500 [0.400, 0.600]" in line and "clip" in line
    )
    assert "other answers" in lines("abd")[0]
    assert overlap_lines(tmp_path / "absent.json", "pope", {}, ["f1"]) == []
