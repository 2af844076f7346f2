"""The loss of a finished training on rows, as a target: it reruns nothing, and needs a training on conversations."""

import json

from tests.project import Project

LOSS = "results/mini/losses/{}/full.json"


def test_the_loss_of_a_finished_training_adds_one_job(finished: Project, mini: Project) -> None:
    done = mini.make(LOSS.format("half"), LOSS.format("pretrained"))
    assert done.returncode == 0, done.text
    assert mini.worked_since(finished.records()) == {"validate": 2}
    results = [json.loads((mini.root / LOSS.format(name)).read_text()) for name in ("half", "pretrained")]
    assert results[0]["rows"] == results[1]["rows"] > 0 and results[0]["loss"] != results[1]["loss"]
    for result in results:
        low, high = result["interval"]["loss"]
        assert 0 < low <= result["loss"] <= high
    assert mini.planned() == {}
    refused = mini.make(LOSS.format("tower"))
    assert refused.returncode != 0 and "no loss on conversations" in refused.text
