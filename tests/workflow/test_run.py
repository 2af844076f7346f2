"""The study `mini` from raw images to its score."""

import json

import jsonlines
import pytest

from pipeline_lib.scoring.notice import marked_runs
from pipeline_lib.scoring.shown import read_gathered
from tests.project import Project

RESULTS = "results/mini"


def test_a_second_call_has_nothing_to_do(finished: Project) -> None:
    done = finished.snakemake("-c2", "--config", "study=mini")
    assert done.returncode == 0
    assert "Nothing to be done" in done.text


def test_the_score_file_gathers_the_runs(finished: Project) -> None:
    text = (finished.root / RESULTS / "pope_score.json").read_text()
    score = json.loads(text)
    assert set(score) == {"schema", "benchmark", "protocol", "primary", "runs"}
    assert (score["schema"], score["benchmark"], score["protocol"], score["primary"]) == (1, "pope", "llava15", "f1")
    assert set(score["runs"]) == {"untrained", "half", "full"}
    keys = {"metrics", "interval", "n", "coverage", "failed", "unparsed", "empty", "equal", "most_frequent", "missing"}
    keys |= {"shares", "marks", "status", "answers", "model"}
    for run in score["runs"].values():
        assert set(run) == keys
        assert run["n"] == 60 and run["coverage"] == 1.0
        assert (run["status"] == "complete") == (run["marks"] == {})
        assert set(run["metrics"]) == set(run["interval"])
    assert text == json.dumps(score, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def test_a_finished_study_ends_with_the_marks_of_its_scores(mini: Project) -> None:
    path = mini.root / RESULTS / "pope_score.json"
    scores = read_gathered(path)
    assert scores
    marked = marked_runs("pope", scores)
    path.unlink()
    done = mini.make(f"{RESULTS}/pope_score.json")
    assert done.returncode == 0, done.text
    assert "`vlmflow show --study mini` prints them." in done.text
    assert [line for line in marked if line not in done.text] == []
    assert ("is marked" in done.text) == bool(marked)


def test_a_run_has_a_score_of_its_own(finished: Project) -> None:
    own = json.loads((finished.root / RESULTS / "scores" / "full" / "pope.json").read_text())
    gathered = json.loads((finished.root / RESULTS / "pope_score.json").read_text())["runs"]["full"]
    assert {key: own[key] for key in gathered} == gathered


def test_answers_are_records_of_llava(finished: Project) -> None:
    with jsonlines.open(finished.root / RESULTS / "answers" / "full" / "pope.jsonl") as reader:
        rows = list(reader)
    assert len(rows) == 60
    assert list(rows[0]) == ["question_id", "prompt", "text", "answer_id", "model_id", "metadata"]
    assert rows[0]["model_id"] == "full" and len(rows[0]["metadata"]["model"]) == 64


def test_the_broken_images_are_in_quarantine_and_their_rows_are_listed(finished: Project) -> None:
    with jsonlines.open(finished.root / "data/images/mini_scenes/quarantine.jsonl") as reader:
        broken = {row["path"]: row["reason"] for row in reader}
    assert list(broken) == ["train/00007.jpg", "train/00023.jpg", "train/00037.jpg"]
    for reason, told in zip(broken.values(), ("truncated", "empty file", "begins with b'<html>"), strict=True):
        assert told in reason
    with jsonlines.open(finished.root / "data/tables/mini_instructions.rejected.jsonl") as reader:
        rejected = list(reader)
    assert [row["row"] for row in rejected] == [7, 23, 37, 67, 83, 97]
    assert all("quarantined" in row["reason"] for row in rejected)


def test_images_that_need_nothing_are_not_copied(finished: Project) -> None:
    images = finished.root / "data/images"
    health = json.loads((images / "mini_scenes/health.json").read_text())
    assert sum(health.values()) == 60 and health["kept: JPEG"] > 30
    assert sum(n for reason, n in health.items() if reason.endswith(", named .jpg")) == 2
    assert health["converted: PNG L"] > 0 and health["converted: PNG RGBA, alpha dropped"] > 0
    tested = json.loads((images / "mini_test_scenes/health.json").read_text())
    assert all(reason.startswith("kept: ") for reason in tested)
    for name in ("mini_scenes", "mini_test_scenes"):
        assert (images / name / "health.svg").read_text().startswith("<svg")


def test_nothing_half_done_is_left(finished: Project) -> None:
    assert not list(finished.root.rglob(".*.partial"))


def test_manifests_and_scores_tell_nothing_of_the_machine(finished: Project) -> None:
    for path in [*finished.root.rglob("*.manifest.json"), *(finished.root / RESULTS).rglob("scores/**/*.json")]:
        assert str(finished.root) not in path.read_text()


def test_another_study_never_reads_config_yaml(fresh: Project) -> None:
    (fresh.root / "config.yaml").write_text("no study: at all\n")
    done = fresh.snakemake("-n", "-c1", "--config", "study=mini")
    assert done.returncode == 0, done.text
    outputs = [line for line in done.text.splitlines() if line.strip().startswith("output:")]
    assert outputs and not any("results/" in line and "results/mini/" not in line for line in outputs)
    assert "digits_text" not in done.text


@pytest.mark.parametrize("profile", ["slurm", "local"])
def test_profiles_are_found_as_typed(fresh: Project, profile: str) -> None:
    done = fresh.snakemake("--profile", profile, "-n", "results/pope_score.json")
    assert done.returncode == 0, done.text
    assert "results/pope_score.json" in done.text


def test_lineage_leads_from_the_score_to_raw_images(finished: Project) -> None:
    done = finished.run("vlmflow", "lineage", "show", f"{RESULTS}/pope_score.json")
    assert done.returncode == 0, done.text
    for fact in (
        "stage gather",
        "stage train",
        "stage convert",
        "stage fetch",
        "000/train/",
        "sha256",
        "torch 2.13.0",
        '"learning_rate"',
    ):
        assert fact in done.text, fact


def test_show_prints_the_table(finished: Project) -> None:
    done = finished.run("vlmflow", "show", "--study", "mini")
    assert done.returncode == 0, done.text
    assert "untrained" in done.text and "accuracy" in done.text
