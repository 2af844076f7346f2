"""`vlmflow config check --here`: what a study names and asks for, held against the machine."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_lib.config.load import load_study
from pipeline_lib.config.machine import Machine, machine_problems, this_machine
from pipeline_lib.config.places import place_problems, room_problems
from pipeline_lib.config.problem import Problem
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.slurm_site import FILE
from tests.project import ROOT

LARGE = Machine("this machine has", True, 10**12, 8, "2.13.0+cu130", True)

PLACES = """
title: Data of this machine
datasets:
  photos: {source: {kind: folder, path: photos}, convert: jpeg}
  mix: {source: {kind: folder, path: "site:mix"}}
  asked: {source: {kind: manual, page: "https://example.org", licence: MIT, path: asked, expect: [labels/a.json]}}
  packed: {source: {kind: archive, url: packed.zip}}
  vicuna: {source: {kind: folder, path: vicuna}}
tables:
  rows: {dataset: mix, images: [photos], conversations: {file: rows.json}}
weights:
  model:
    dataset: vicuna
    make: {kind: pretrained, holds: vlm, template: vicuna_v1, below: "7b"}
trainings:
  again: {start: model, recipe: {name: assemble}}
runs:
  model: {model: again}
benchmarks:
  pope: {benchmark: pope, dataset: asked, files: {questions: q.jsonl, gold: labels}, images: [photos]}
"""
FILES = ("photos/a.jpg", "data/rows.json", "asked/q.jsonl", "asked/labels/a.json", "packed.zip", "vicuna/7b/m.bin")


@pytest.fixture()
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project in which all is there that its study names."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(1000))
    (tmp_path / "site.yaml").write_text(f"paths:\n  mix: {tmp_path}/data\n")
    (tmp_path / "study.yaml").write_text(PLACES)
    return tmp_path


def study(place: Path, look: Callable[[Study], list[Problem]] = lambda content: []) -> Study:
    return load_study(place / "study.yaml", look)


def test_what_is_there_is_no_fault(place: Path) -> None:
    assert list(place_problems(study(place))) == []


@pytest.mark.parametrize(
    ("absent", "key", "told"),
    [
        ("photos/a.jpg photos", "datasets.photos.source", "no such folder"),
        ("site.yaml", "datasets.mix.source", "names no path 'mix'"),
        ("data/rows.json", "tables.rows.conversations.file", "no such file or folder in mix"),
        ("asked/q.jsonl", "benchmarks.pope.files.questions", "no such file or folder in asked"),
        ("asked/labels/a.json", "datasets.asked.source", "must be downloaded by hand"),
        (
            "asked/labels/a.json asked/labels asked/q.jsonl asked",
            "datasets.asked.source",
            "by hand from https://example.org",
        ),
        ("packed.zip", "datasets.packed.source", "no such file or folder"),
        ("vicuna/7b/m.bin", "weights.model.make.below", "no such file or folder in vicuna"),
    ],
)
def test_what_is_not_there_is_told_with_its_line(place: Path, absent: str, key: str, told: str) -> None:
    for name in absent.split():
        path = place / name
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(PipelineError) as caught:
        study(place, lambda content: list(place_problems(content)))
    first = str(caught.value).splitlines()[1]
    assert f"study.yaml:{line(key)}: {key}: " in first and told in first


def line(key: str) -> int:
    """Return the line of the part of a study that the second word of a key names, or of its deepest written part."""
    part = key.split(".")[1]
    lines = PLACES.splitlines()
    number = next(number for number, text in enumerate(lines, 1) if text.startswith(f"  {part}:"))
    return number + 2 if part == "model" else number


def test_models_that_have_no_room_are_told(place: Path) -> None:
    (problem,) = room_problems(study(place), place, 999)
    assert problem.key == ("trainings",) and problem.value == "again"
    assert list(room_problems(study(place), place, 1000)) == []
    (place / "checkpoints").mkdir()
    (place / "checkpoints/again.manifest.json").touch()
    assert list(room_problems(study(place), place, 999)) == []


@pytest.mark.parametrize(
    ("machine", "faults"),
    [
        ({}, []),
        ({"gpus": 0}, ["device: this machine has no GPU"]),
        ({"gpus": None}, []),
        ({"gpus": 4}, ["trainings.half.devices.gpus_per_node: this training needs 8 GPUs, and this machine has 4"]),
        ({"gpus": 4, "alone": False}, []),
        ({"torch": "2.13.0+cpu"}, ["device: PyTorch is installed here without support for GPUs: 2.13.0+cpu"]),
        ({"memory": 10**9}, ["memory_gb: this machine has 1.0 GB"]),
        ({"deepspeed": False}, ["trainings.half.devices.sharding: DeepSpeed is not installed here"]),
    ],
)
def test_what_a_job_cannot_have_is_told(machine: dict[str, object], faults: list[str]) -> None:
    tree = load_study(ROOT / "config.yaml").model_dump(mode="json")
    tree["device"] = "cuda"
    tree["trainings"]["half"]["devices"] = {"nodes": 2, "gpus_per_node": 4, "sharding": "zero2"}
    problems = machine_problems(Study.model_validate(tree), dataclasses.replace(LARGE, **machine))  # type: ignore[arg-type]
    assert [f"{'.'.join(map(str, problem.key))}: {problem.what}" for problem in problems] == faults


def test_where_a_cluster_is_described_its_partitions_count(tmp_path: Path) -> None:
    (tmp_path / FILE.parent).mkdir()
    (tmp_path / FILE).write_text("partitions:\n  a: {max_mem_mb: 64000, max_gpu: 4}\n  b: {max_mem_mb: 32000}\n")
    machine = this_machine(tmp_path)
    assert (machine.memory, machine.gpus, machine.alone) == (64 * 10**9, 4, False)


def test_a_processor_needs_no_gpu() -> None:
    machine = dataclasses.replace(LARGE, gpus=0, torch="2.13.0+cpu", deepspeed=False)
    assert list(machine_problems(load_study(ROOT / "config.yaml"), machine)) == []
