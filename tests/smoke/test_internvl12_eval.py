"""The benchmarks of InternVL-Chat-V1.2, rehearsed on stand-ins: the forms of all their files, to scores and uploads."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.config.load import load_study
from tests.project import ROOT, Project
from tests.smoke.rehearsed import rehearsed

STUDY = "studies/internvl12_eval.yaml"
RESULTS = "results/internvl12_eval/smoke"
OF_EACH_FAMILY = ("mme", "mmvp", "mmmu", "mmbench_cn", "okvqa", "tiny_lvlm", "refcocog", "flickr30k", "mm_vet")
JUDGED = ("llava_bench", "mathvista", "mm_vet")  # by a language model; some answers to MathVista need none
CAPTIONS = ("coco_captions", "flickr30k", "nocaps")  # whose primary metric needs Java
MOST = 28  # questions of one: MME has two a category


def read(project: Project, name: str) -> Any:
    return json.loads((project.root / RESULTS / name).read_text())


def expect_score(project: Project, benchmark: str) -> None:
    score = read(project, f"{benchmark}_score.json")
    (of_the_run,) = score["runs"].values()
    assert score["stamp"] == "SMOKE" and 6 <= of_the_run["n"] <= MOST, benchmark
    assert (of_the_run["missing"], of_the_run["failed"]) == (0, 0), benchmark
    judged = benchmark not in JUDGED or of_the_run["status"] != "unjudged"
    metric = "cider_plain" if benchmark in CAPTIONS else score["primary"]
    assert (of_the_run["metrics"][metric] is not None) == judged, benchmark


@pytest.mark.smoke
def test_one_benchmark_of_each_family_is_scored(tmp_path: Path) -> None:
    project = rehearsed(
        tmp_path, "internvl12_eval", *(f"{RESULTS}/{name}_score.json" for name in OF_EACH_FAMILY), timeout=1200
    )
    for name in OF_EACH_FAMILY:
        expect_score(project, name)


@pytest.mark.long
def test_every_benchmark_is_scored_or_submitted_from_warm_processes(tmp_path: Path) -> None:
    uses = load_study(ROOT / STUDY).benchmarks
    project = rehearsed(tmp_path, "internvl12_eval", timeout=1200)
    for name, use in uses.items():
        if use.scored:
            expect_score(project, name)
    uploads = {path.name.split(".")[0] for path in (project.root / RESULTS / "submissions/internvl12").iterdir()}
    assert {name for name, use in uses.items() if not use.scored} <= uploads
    logs = "".join(path.read_text() for path in (project.root / RESULTS / "logs/predict").iterdir())
    assert "no warm start" not in logs
    assert all(path.name.startswith("smoke-") for path in (project.root / "data/raw").iterdir())
