"""A rehearsal on some rows and questions of one's own data: what it fetches, marks, leaves alone and contains."""

import json
from pathlib import Path
from typing import Any

import jsonlines
import pytest
from PIL import Image

from tests.project import Project

STUDY = """
title: My photos and scans
limit: {{rows: 12, questions: 8}}
datasets:
  photos:
    source: {{kind: folder, path: {folder}/photos}}
    shards: 3
    convert: jpeg
    prefix: photos/
  scans:
    source: {{kind: folder, path: {folder}/scans}}
    convert: jpeg
    prefix: scans/
  tests:
    source: {{kind: folder, path: {folder}/tests}}
    convert: keep
  mix:
    source: {{kind: folder, path: {folder}/mix}}
  pope:
    source: {{kind: folder, path: {folder}/pope}}
tables:
  instructions:
    dataset: mix
    images: [photos, scans]
    conversations: {{file: mix.json}}
subsets:
  half: {{table: instructions, sample: {{strategy: digest_rank, count: 6}}}}
weights:
  language:
    tables: [instructions]
    make:
      kind: llama
      tokenizer: {{vocabulary: 300}}
      config: {{hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 2048}}
  clip:
    tables: [instructions]
    make:
      kind: clip
      tokenizer: {{vocabulary: 300}}
      projection_dim: 8
      vision: {{hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, image_size: 16, patch_size: 8}}
      text: {{hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64}}
trainings:
  joined: {{start: language, tower: clip, recipe: {{name: assemble, projector: random}}}}
runs:
  joined: {{model: joined}}
benchmarks:
  pope:
    benchmark: pope
    dataset: pope
    files: {{questions: questions.jsonl, gold: labels}}
    images: [tests]
    decoding: {{max_new_tokens: 4}}
"""
CATEGORIES = ("adversarial", "popular", "random")
LIMIT = "limit: {rows: 12, questions: 8}\n"


def write_images(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (20, 16), (9 * number % 256, 90, 40)).save(folder / f"{number}.png")


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with jsonlines.open(path, "w") as file:
        file.write_all(rows)


@pytest.fixture()
def own(fresh: Project, tmp_path: Path) -> Project:
    """Return a project with a study `own`: 30 photos, 15 scans, 15 rows without image, questions about 20 images."""
    write_images(tmp_path / "photos", 30)
    write_images(tmp_path / "scans", 15)
    write_images(tmp_path / "tests", 20)
    images = [*(f"photos/{n}.png" for n in range(30)), *(f"scans/{n}.png" for n in range(15)), *[None] * 15]
    (tmp_path / "mix").mkdir()
    (tmp_path / "mix" / "mix.json").write_text(json.dumps([row_about(n, image) for n, image in enumerate(images)]))
    asked = []
    for place, category in enumerate(CATEGORIES):
        rows = [
            {"question_id": n + 1, "image": f"{n}.png", "text": f"Is it {category}?", "label": "yes"} for n in range(20)
        ]
        write_lines(tmp_path / "pope" / "labels" / f"coco_pope_{category}.json", rows)
        asked += [{**row, "question_id": row["question_id"] + place * 10_000_000, "category": category} for row in rows]
    write_lines(tmp_path / "pope" / "questions.jsonl", asked)
    (fresh.root / "studies" / "own.yaml").write_text(STUDY.format(folder=tmp_path))
    return fresh


def row_about(number: int, image: str | None) -> dict[str, Any]:
    human = "<image>\nWhat?" if image else "What?"
    turns = [{"from": "human", "value": human}, {"from": "gpt", "value": f"Number {number}."}]
    return {"id": str(number), "conversations": turns, **({"image": image} if image else {})}


def make(project: Project, *targets: str) -> str:
    done = project.snakemake("-c2", "--config", "study=own", "--", *targets)
    assert done.returncode == 0, done.text
    return done.text


def names_below(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.png")}


def read(project: Project, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project.root / "results/own" / name).read_text())
    return content


@pytest.mark.long
def test_a_study_with_a_limit_runs_to_its_scores_on_what_was_chosen_alone(own: Project) -> None:
    make(own)
    rows = read(own, "partial/chosen/tables/partial-instructions.json")
    assert len(rows["rows"]) == 12
    assert [len(rows["images"][name]) for name in ("partial-photos", "partial-scans")] == [6, 3]
    asked = read(own, "partial/chosen/benchmarks/pope.json")
    assert len(asked["questions"]) == 9  # three categories about three images
    for dataset, images in {**rows["images"], **asked["images"]}.items():
        assert names_below(own.root / "data/raw" / dataset) == set(images)
    assert all(path.is_symlink() for path in (own.root / "data/raw").rglob("*.png"))

    score = read(own, "partial/pope_score.json")
    assert score["stamp"] == "PARTIAL"
    assert (score["runs"]["joined"]["n"], score["runs"]["joined"]["missing"]) == (9, 0)
    assert "PARTIAL" in own.run("vlmflow", "show", "--study", "own").text
    assert "Nothing to be done" in make(own)

    made = {path.parent.name for path in (own.root / "data").glob("*/*/*.manifest.json")}
    assert made == {"partial-photos", "partial-scans", "partial-tests", "mix", "pope"}
    assert {path.name for path in (own.root / "results/own").iterdir()} == {"partial"}
    made = {path.name.partition(".")[0] for path in (own.root / "data").glob("*/*.manifest.json")}
    assert made == {"partial-instructions", "partial-language", "partial-clip"}


@pytest.mark.long
def test_a_larger_limit_contains_the_smaller_and_none_is_the_study_itself(own: Project) -> None:
    index, choice = "data/images/{}scans/index.parquet", "partial/chosen/tables/partial-instructions.json"
    own.edit("studies/own.yaml", LIMIT, "")
    make(own, index.format(""))
    before = own.made()

    own.edit("studies/own.yaml", "datasets:\n", f"{LIMIT}datasets:\n")
    make(own, index.format("partial-"))
    small = read(own, choice)
    own.edit("studies/own.yaml", "rows: 12", "rows: 24")
    make(own, f"results/own/{choice}")
    large = read(own, choice)
    assert set(small["rows"]) < set(large["rows"])
    assert all(set(names) < set(large["images"][dataset]) for dataset, names in small["images"].items())

    own.edit("studies/own.yaml", "limit: {rows: 24, questions: 8}\n", "")
    assert "Nothing to be done" in make(own, index.format(""))
    assert before.items() <= own.made().items()
