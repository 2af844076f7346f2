"""Bad input and altered files: refused by name, and nothing is lost."""

import json

import pytest

from tests.project import Project


def test_a_checkpoint_edited_behind_the_workflow_is_refused(mini: Project) -> None:
    path = mini.root / "results/mini/checkpoints/full/model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    mini.edit("studies/mini.yaml", "max_new_tokens: 8", "max_new_tokens: 7")
    done = mini.make("results/mini/answers/full/pope.jsonl")
    assert done.returncode != 0
    assert "checkpoints/full/model.safetensors" in done.text and "changed after it was made" in done.text


@pytest.mark.long
def test_a_raw_image_edited_behind_the_workflow_is_refused(mini: Project) -> None:
    for image in (mini.root / "data/raw/mini_scenes").rglob("*.jpg"):
        image.write_bytes(image.read_bytes() + b"x")
    mini.edit("studies/mini.yaml", "clip_norm: 1.0", "clip_norm: 2.0")
    done = mini.make("results/mini/checkpoints/tower.manifest.json")
    assert done.returncode != 0
    assert "train/" in done.text and "not the one that the table was made from" in done.text


def test_a_failed_job_keeps_its_record_and_leaves_no_output(mini: Project) -> None:
    answers = mini.root / "results/mini/answers/full/pope.jsonl"
    answers.write_text(answers.read_text().replace("Yes", "Maybe", 1) + "\n")
    (mini.root / "results/mini/scores/full/pope.json").unlink()
    assert mini.run("vlmflow", "clean").returncode == 0  # what is kept for reuse would bring the score back
    done = mini.make("results/mini/scores/full/pope.json")
    assert done.returncode != 0
    record = json.loads((mini.root / "results/mini/records/score/full-pope.json").read_text())
    assert record["exit"] == 1 and "answers/full/pope.jsonl" in record["error"]
    assert not (mini.root / "results/mini/scores/full/pope.json").exists()


def test_code_edited_while_a_study_runs_is_refused(mini: Project) -> None:
    planned = (mini.root / "results/mini/records/gather/pope.json").read_text()
    record = json.loads(planned)
    mini.edit("src/pipeline_lib/scoring/gather.py", "SCHEMA = 1", "SCHEMA = 2")
    done = mini.run(
        "python", "-P", "workflow_scripts/gather.py", "--scores", "results/mini/scores/full/pope.json", "--score", "out.json",
        "--settings", json.dumps({**record["settings"], "runs": ["full"]}), "--code", record["code"], "--record", "out.record.json",
        "--log", "out.log",
    )  # fmt: skip
    assert done.returncode == 1
    assert "the code has changed since the workflow was planned" in done.text
    assert not (mini.root / "out.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "learning_rate: 3.0e-3",
            "learning_rte: 3.0e-3",
            ["trainings.pretrained.recipe.learning_rte: unknown key", "did you mean 'learning_rate'?"],
        ),
        ("threads: 1", "threads: one", ["studies/mini.yaml:5: threads", "value: 'one'"]),
        (
            "runs:\n  untrained: {model: untrained}",
            "runs:\n  untrained: {model: untraned}",
            ["runs.untrained.model: no such weights or training", "did you mean 'untrained'?"],
        ),
        (
            "subset: half",
            "subset: hlaf",
            ["trainings.half.subset: no such subset", "value: 'hlaf'", "did you mean 'half'?"],
        ),
        ("name: contrastive", "name: contrastiv", ["no such recipe: contrastiv", "did you mean 'contrastive'?"]),
    ],
)
def test_a_fault_in_a_study_is_named_before_anything_runs(
    fresh: Project, old: str, new: str, expected: list[str]
) -> None:
    fresh.edit("studies/mini.yaml", old, new)
    for done in (
        fresh.snakemake("-c1", "--config", "study=mini"),
        fresh.run("vlmflow", "config", "check", "--study", "mini"),
    ):
        assert done.returncode == 1
        assert "studies/mini.yaml:" in done.text
        for text in expected:
            assert text in done.text
        assert "Traceback" not in done.text
    assert not (fresh.root / "data").exists()


def test_an_unknown_study_is_refused_with_a_suggestion(fresh: Project) -> None:
    done = fresh.snakemake("-n", "--config", "study=mimi")
    assert done.returncode == 1 and "did you mean 'mini'?" in done.text


def test_settings_on_the_command_line_are_refused(fresh: Project) -> None:
    done = fresh.snakemake("-n", "--config", "stduy=mini")
    assert done.returncode == 1 and "stduy" in done.text
