"""Overlap as targets of a finished study: what runs for it, what it leaves alone, and what it says of leaked images."""

import json
from typing import Any

import pytest

from pipeline_lib.conversations.subset import read_subset
from pipeline_lib.conversations.table import read_table
from pipeline_lib.core.files import remove
from pipeline_lib.core.text import read_lines
from pipeline_lib.overlap.rows import read_overlaps
from tests.project import Project

VAL = "{table: mini_instructions, sample: {strategy: image_rank, fraction: 0.2}}"
TABLE, SCORES = "results/mini/overlap/pope.json", "results/mini/pope_overlap.json"


def read(project: Project, name: str) -> Any:
    return json.loads((project.root / name).read_text())


@pytest.fixture()
def compared(mini: Project) -> Project:
    """Return the finished study with the overlap of its benchmark."""
    done = mini.make(SCORES)
    assert done.returncode == 0, done.text
    return mini


def test_overlap_adds_files_and_leaves_the_scores_as_they_are(finished: Project, compared: Project) -> None:
    before, after = finished.made(), compared.made()
    assert {path: after[path] for path in before} == before
    worked = compared.worked_since(finished.records())
    assert worked == {"fingerprint": 3, "overlap": 1, "clean_score": 1}
    scores, overlap = read(compared, "results/mini/pope_score.json"), read(compared, SCORES)
    for run, score in overlap["runs"].items():
        assert score["all"] == {name: scores["runs"][run][name] for name in ("n", "metrics", "interval")}
        assert score["answers"] == scores["runs"][run]["answers"]
    assert overlap["runs"]["half"]["subsets"] == ["captions", "half", "text"]
    assert "Nothing to be done" in compared.make(SCORES).text
    assert compared.planned() == {}  # the study itself asks for no overlap


def test_a_study_whose_benchmark_shows_training_images_says_so_before_any_training(mini: Project) -> None:
    mini.edit("studies/mini.yaml", "images: [mini_test_scenes]", "images: [mini_test_scenes, mini_scenes]")
    mini.edit("studies/mini.yaml", "save_every: 0", "overlap: {near: 2}\nsave_every: 0")
    mini.edit(
        "studies/mini.yaml",
        "{kind: digits_pope, part: test, scenes: 10}",
        "{kind: digits_pope, part: train, scenes: 10}",
    )
    assert mini.planned()["overlap"] == 1 == mini.planned()["clean_score"]
    remove(mini.root / "results/mini/checkpoints")  # a training would make them again
    done = mini.make(TABLE)
    assert done.returncode == 0, done.text
    table = read(mini, TABLE)
    rows = read_overlaps(mini.root / TABLE.replace(".json", ".parquet"))
    images = [(row.image, row.seen_image) for row in rows if (row.subset, row.kind) == ("full", "bytes")]
    assert table["near"] == 2 and table["subsets"]["full"]["bytes"] == len(images) > table["questions"] / 2
    assert all(image == seen for image, seen in images)
    assert table["subsets"]["text"]["bytes"] == 0
    assert not list((mini.root / "results/mini").glob("checkpoints/*"))


def test_a_subset_leaves_out_what_is_held_out_and_what_a_benchmark_shows(mini: Project) -> None:
    mini.edit("studies/mini.yaml", "images: [mini_test_scenes]", "images: [mini_test_scenes, mini_scenes]")
    mini.edit("studies/mini.yaml", "{kind: digits_pope, part: test,", "{kind: digits_pope, part: train,")
    holdout = "holdout: {subsets: [val], benchmarks: [pope]}"
    sample = "{table: mini_instructions, sample: {strategy: digest_rank, fraction: 1.0}"
    mini.edit("studies/mini.yaml", f"full: {sample}}}", f"full: {sample}, {holdout}}}\n  val: {VAL}")
    files = [f"results/mini/subsets/{name}.parquet" for name in ("full", "val")]
    done = mini.make(*files)
    assert done.returncode == 0, done.text
    full, val = (read_subset(mini.root / file) for file in files)
    shared = {row["pin"] for row in read_lines(mini.root / "results/mini/shared/mini_instructions/pope.jsonl")}
    pins = {row.image_sha256 for row in full}
    assert pins and shared and not pins & ({row.image_sha256 for row in val} | shared)
    record = read(mini, "results/mini/records/sample/full.json")
    assert record["notes"]["held_out"] == len(read_table(mini.root / "data/tables/mini_instructions.parquet")) - len(
        full
    )
