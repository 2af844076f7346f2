"""A study on a folder of one's own: used in place, and a change behind the workflow is refused."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.project import Project

STUDY = """
title: My photos
datasets:
  photos:
    source: {{kind: folder, path: {folder}/photos}}
    shards: 2
    convert: {{to: jpeg}}
    prefix: mine/
  mix:
    source: {{kind: folder, path: {folder}/mix}}
tables:
  instructions:
    dataset: mix
    images: [photos]
    conversations: {{file: mix.json, unusable: 0.5}}
subsets:
  some: {{table: instructions, sample: {{strategy: digest_rank, count: 2}}}}
runs: {{}}
benchmarks: {{}}
"""


@pytest.fixture()
def own(fresh: Project, tmp_path: Path) -> Project:
    """Return a project with a study `own` on three photos, one of them broken, and a mix about them."""
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    Image.effect_noise((20, 10), 50).convert("RGB").save(tmp_path / "photos" / "a.jpg")
    Image.effect_noise((10, 20), 50).convert("RGBA").save(tmp_path / "photos" / "deep" / "b.png")
    (tmp_path / "photos" / "c.jpg").write_bytes(b"not an image")
    rows = [
        {
            "id": name,
            "image": f"mine/{name}",
            "conversations": [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "That."}],
        }
        for name in ("a.jpg", "deep/b.png", "c.jpg", "a.jpg")
    ]
    (tmp_path / "mix").mkdir()
    (tmp_path / "mix" / "mix.json").write_text(json.dumps(rows))
    (fresh.root / "studies" / "own.yaml").write_text(STUDY.format(folder=tmp_path))
    return fresh


def make(project: Project, *targets: str) -> str:
    done = project.snakemake("-c2", "--config", "study=own", "--", *targets)
    assert done.returncode == 0, done.text
    return done.text


def test_a_folder_becomes_a_subset_without_a_copy(own: Project) -> None:
    make(own, "results/own/subsets/some.parquet")
    quarantine = (own.root / "data/images/photos/quarantine.jsonl").read_text()
    assert quarantine.count("\n") == 1 and "mine/c.jpg" in quarantine
    rejected = (own.root / "data/tables/instructions.rejected.jsonl").read_text()
    assert '"row": 2' in rejected.replace(":", ": ").replace("  ", " ")
    assert all(path.is_symlink() for path in (own.root / "data/raw/photos").rglob("*.jpg"))
    assert "Nothing to be done" in make(own, "results/own/subsets/some.parquet")


def test_a_refused_table_leaves_the_whole_list_of_its_rejected_rows(own: Project) -> None:
    study = own.root / "studies" / "own.yaml"
    study.write_text(study.read_text().replace("unusable: 0.5", "unusable: 0.0"))
    done = own.snakemake("-c2", "--config", "study=own", "--", "data/tables/instructions.manifest.json")
    listing = "data/logs/tabulate/instructions.rejected.jsonl"
    assert done.returncode != 0 and listing in done.text
    assert [json.loads(line)["row"] for line in (own.root / listing).read_text().splitlines()] == [2]


@pytest.mark.long
def test_a_photo_edited_after_it_was_fetched_is_taken_anew(own: Project, tmp_path: Path) -> None:
    make(own, "results/own/subsets/some.parquet")
    before = own.made()
    Image.new("RGB", (20, 10)).save(tmp_path / "photos" / "a.jpg")
    done = own.snakemake("-c1", "--config", "study=own", "--", "results/own/subsets/some.parquet")
    assert done.returncode == 0 and "other content of a.jpg" in done.text, done.text
    assert own.made()["data/images/photos/index.manifest.json"] != before["data/images/photos/index.manifest.json"]


def test_a_missing_folder_is_named(own: Project) -> None:
    own.edit("studies/own.yaml", "/mix}", "/mixx}")
    done = own.snakemake("-c1", "--config", "study=own", "--", "data/tables/instructions.parquet")
    assert done.returncode != 0
    assert "no such folder" in done.text and "mixx" in done.text


@pytest.mark.long
def test_a_photo_added_to_the_folder_is_seen_in_its_shard_alone(own: Project, tmp_path: Path) -> None:
    target = "results/own/subsets/some.parquet"
    make(own, target)
    before = own.records()
    Image.new("RGB", (30, 30)).save(tmp_path / "photos" / "d.jpg")
    make(own, target)
    assert own.worked_since(before) == {"fetch": 1, "convert": 1, "index": 1, "tabulate": 1}
    assert "mine/d.jpg" in own.run("python", "-c", READ_INDEX).text


def test_the_fetched_names_stand_for_a_folder_that_is_elsewhere(own: Project, tmp_path: Path) -> None:
    target = "results/own/subsets/some.parquet"
    make(own, target)
    (tmp_path / "photos").rename(tmp_path / "gone")
    assert "Nothing to be done" in make(own, target)


READ_INDEX = """
import pyarrow.parquet
print(pyarrow.parquet.read_table("data/images/photos/index.parquet").column("path").to_pylist())
"""


def test_one_shard_on_two_cores_is_killed_and_then_has_the_bytes_of_one_core(own: Project, tmp_path: Path) -> None:
    own.edit("studies/own.yaml", "shards: 2", "shards: 1")
    coarse = Image.effect_noise((150, 100), 50)
    for number in range(1200):
        coarse.rotate(number).save(tmp_path / "photos" / f"{number}.png", compress_level=0)
    targets = ("-c2", "--config", "study=own", "--", "data/images/photos/index.parquet")
    progress = own.root / "data/logs/convert/photos-000.progress.jsonl"
    started = own.start("snakemake", *targets)
    deadline = time.monotonic() + 120
    while not (progress.is_file() and '"report"' in progress.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    assert not (own.root / "data/images/photos/000.tar").exists()
    assert own.snakemake("--unlock", *targets[:-2]).returncode == 0
    done = own.snakemake(*targets)
    assert done.returncode == 0 and "threads: 2" in done.text, done.text
    made = own.made()
    shutil.rmtree(own.root / "data/images")
    shutil.rmtree(own.root / ".vlmflow")
    again = own.snakemake("-c1", *targets[1:])
    assert again.returncode == 0 and "threads: 2" not in again.text, again.text
    assert own.made() == made and not own.leftovers()
