"""The first real study, rehearsed on stand-ins: every stage in the real files' formats, to the scores."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.project import ROOT, Project

pytestmark = pytest.mark.smoke

STUDY = "studies/llava15_half.yaml"
RESULTS = "results/llava15_half/smoke"
BENCHMARKS = {"pope": 24, "scienceqa": 20, "mmbench": 20}  # questions of each


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy in which the study has run on its stand-ins."""
    project = Project.copy(tmp_path_factory.mktemp("smoke") / "project")
    project.edit(STUDY, "smoke: false", "smoke: true")
    done = make(project)
    assert done.returncode == 0, done.text[-3000:]
    return project


def make(project: Project) -> Any:
    return project.run("snakemake", "-c2", "--config", "study=llava15_half", timeout=900)


def read(project: Project, name: str) -> Any:
    return json.loads((project.root / RESULTS / name).read_text())


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_every_run_is_scored_and_marked(project: Project, benchmark: str) -> None:
    score = read(project, f"{benchmark}_score.json")
    assert score["stamp"] == "SMOKE"
    assert sorted(score["runs"]) == ["full", "half", "official"]
    assert {run["n"] for run in score["runs"].values()} == {BENCHMARKS[benchmark]}
    assert {run["missing"] for run in score["runs"].values()} == {0}
    assert len({run["model"] for run in score["runs"].values()}) == 3


def test_every_collection_of_the_mix_is_trained_on(project: Project) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(project.root / "data/tables/smoke-mix.parquet").to_pylist()
    folders = {row["image"].rpartition("/")[0] if row["image"] else None for row in rows}
    assert folders == {
        None, "coco/train2017", "gqa/images", "ocr_vqa/images", "textvqa/train_images", "vg/VG_100K", "vg/VG_100K_2",
    }  # fmt: skip
    assert len(rows) == 20 and (project.root / "data/tables/smoke-mix.rejected.jsonl").read_text() == ""
    assert pq.read_table(project.root / RESULTS / "subsets/half.parquet").num_rows == 10
    health = json.loads((project.root / "data/images/smoke-ocr_vqa/health.json").read_text())
    assert any("GIF" in reason and reason.startswith("converted") for reason in health)


def test_the_models_are_of_the_real_classes(project: Project) -> None:
    for name, kind in {
        "data/weights/smoke-vicuna_7b": "LlamaForCausalLM",
        "data/weights/smoke-clip_l_336": "CLIPModel",
        "data/weights/smoke-llava_7b": "LlavaForConditionalGeneration",
        f"{RESULTS}/checkpoints/half": "LlavaForConditionalGeneration",
    }.items():
        assert json.loads((project.root / name / "config.json").read_text())["architectures"] == [kind]


def test_a_file_for_mmbenchs_server_is_written(project: Project) -> None:
    assert (project.root / RESULTS / "submissions/half/mmbench.xlsx").read_bytes()[:2] == b"PK"


def test_nothing_real_is_made_and_nothing_is_left_to_do(project: Project) -> None:
    for folder in ("raw", "images", "tables", "weights"):
        assert all(path.name.startswith("smoke-") for path in (project.root / "data" / folder).iterdir())
    assert [path.name for path in (project.root / "results/llava15_half").iterdir()] == ["smoke"]
    assert "Nothing to be done" in make(project).text


def test_the_projector_may_be_trained_instead(project: Project) -> None:
    project.edit(STUDY, "start: released     # or pretrained", "start: pretrained")
    done = project.run(
        "snakemake", "-c2", "--config", "study=llava15_half", "--", f"{RESULTS}/checkpoints/half.manifest.json",
        timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.text[-3000:]
    receipt = read(project, "merged/pretrained.receipt.json")
    assert all("multi_modal_projector" in name for name in receipt["replaced"])
    assert Path(ROOT / STUDY).read_text().count("start: released") == 2
