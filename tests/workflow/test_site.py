"""A study whose data lie elsewhere on every machine: the artefacts and their records are the same."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.project import Project

STUDY = """
title: Photos that lie elsewhere
datasets:
  photos:
    source: {kind: folder, path: "site:photos/train"}
    convert: {to: jpeg}
runs: {}
benchmarks: {}
"""
INDEX = "data/images/photos/index.parquet"
RAW = "data/raw/photos/000.manifest.json"


def project_with(photos: Path, root: Path) -> Project:
    """Return a copy of the project on a machine whose photos lie in a folder of its own."""
    (photos / "train").mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "b.png")):
        Image.new("RGB", (20, 10), (90 * number, 0, 0)).save(photos / "train" / name)
    project = Project.copy(root)
    (project.root / "studies" / "elsewhere.yaml").write_text(STUDY)
    tell(project, photos)
    return project


def tell(project: Project, photos: Path) -> None:
    (project.root / "site.yaml").write_text(f"paths:\n  photos: {photos}\n")


def make(project: Project, target: str = INDEX) -> None:
    done = project.snakemake("-c2", "--config", "study=elsewhere", "--", target)
    assert done.returncode == 0, done.text


def settings(project: Project) -> dict[str, Any]:
    return {path: (record["settings"], record["code"]) for path, record in project.records().items()}


@pytest.mark.long
def test_two_machines_with_their_data_in_different_places_agree(tmp_path: Path) -> None:
    here, there = tmp_path / "disk" / "here", tmp_path / "mnt" / "there"
    one, two = project_with(here, tmp_path / "one"), project_with(there, tmp_path / "two")
    make(one)
    make(two)
    assert one.made() == two.made() and len(one.made()) == 3
    assert settings(one) == settings(two)
    for path in (one.root / "data").rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert str(here).encode() not in path.read_bytes(), path

    before, made = one.records(), one.made()  # the data move
    here.rename(tmp_path / "moved")
    tell(one, tmp_path / "moved")
    shutil.rmtree(one.root / "data/raw/photos")
    make(one, RAW)
    assert one.made() == made and one.worked_since(before) == {"fetch": 1}
    assert (one.root / "data/raw/photos/000/a.jpg").resolve() == tmp_path / "moved/train/a.jpg"
