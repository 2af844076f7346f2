"""Accepting what was made after a harmless change: nothing runs, and the record shows it for ever."""

import json
from collections import Counter

from tests.project import Project

SCORE = "results/mini/pope_score.json"
TRAINER = "src/pipeline_lib/training/sampler.py"
OLD, NEW = "return self.count", "return int(self.count)"
BECAUSE = "an integer was an integer before"


def accept(project: Project, *targets: str, because: str = BECAUSE) -> tuple[int, str]:
    done = project.run("vlmflow", "accept", *targets, "--because", because, "--study", "mini")
    return done.returncode, done.text


def test_an_accepted_change_runs_nothing_and_is_on_record(mini: Project) -> None:
    mini.edit(TRAINER, OLD, NEW)
    assert mini.planned()["train"] == 6
    code, told = accept(mini, SCORE)
    assert code == 0 and "train full" in told and "code of pipeline_lib.training.sampler changed" in told
    assert mini.planned() == Counter()
    record = json.loads((mini.root / "results/mini/records/train/full.json").read_text())
    assert [change["because"] for change in record["accepted"]] == [BECAUSE]
    assert (
        f"because {BECAUSE}: code of pipeline_lib.training.sampler"
        in mini.run("vlmflow", "lineage", "show", SCORE).text
    )
    assert mini.run("vlmflow", "check").returncode == 0
    assert "Nothing would run" in accept(mini, SCORE)[1]

    (mini.root / "results/mini/checkpoints/full.manifest.json").unlink()  # what was kept comes back, its history too
    done = mini.make("results/mini/checkpoints/full.manifest.json")
    assert done.returncode == 0, done.text
    record = json.loads((mini.root / "results/mini/records/train/full.json").read_text())
    assert record["reused"] and [change["because"] for change in record["accepted"]] == [BECAUSE]

    mini.edit(TRAINER, NEW, OLD)
    assert mini.planned()["train"] == 6


def test_what_cannot_be_vouched_for_is_not_accepted(mini: Project) -> None:
    mini.edit(TRAINER, OLD, NEW)
    assert "needs a reason" in accept(mini, SCORE, because=" ")[1]
    weights = mini.root / "results/mini/checkpoints/half/model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + b"x")
    code, told = accept(mini, SCORE)
    assert code == 1 and "checkpoints/half/model.safetensors: altered since" in told
    weights.unlink()
    code, told = accept(mini, SCORE)
    assert code == 1 and "checkpoints/half/model.safetensors: missing" in told
    before = json.loads((mini.root / "results/mini/records/train/full.json").read_text())
    assert before["accepted"] == [] and mini.planned()["train"] == 6
