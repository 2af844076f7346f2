"""The protocol `first_token` in a study: what its jobs are asked, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.inference.turns import requests_about
from tests.project import ROOT

OPTIONS = {"A": "a cat", "B": "a dog", "C": "a bird"}
QUESTION = Question("1", "Which is it?", (), "all", OPTIONS)


def study(path: Path, run: dict[str, Any] | None = None, **decoding: Any) -> Study:
    """Return a study that asks ScienceQA by the protocol, of the run `full` or of another one too."""
    tree = YAML(typ="safe").load(ROOT / "config.yaml")
    tree["benchmarks"]["scienceqa"] |= {"protocol": "first_token", "decoding": decoding}
    if run is not None:
        tree["runs"]["other"] = run
    with (path / "study.yaml").open("w") as file:
        YAML().dump(tree, file)
    return load_study(path / "study.yaml")


def test_a_request_names_the_letters_of_its_question(tmp_path: Path) -> None:
    settings = stages.predict(study(tmp_path), "full", "scienceqa")
    (request,) = requests_about(QUESTION, settings, {})
    assert request.choices == ("A", "B", "C") and settings.max_new_tokens == 1
    (free,) = requests_about(QUESTION, stages.predict(study(tmp_path), "full", "pope"), {})
    assert free.choices == ()


@pytest.mark.parametrize(
    ("run", "decoding", "what"),
    [
        ({"engine": {"name": "openai", "model": "m", "url": "https://example.org/v1"}}, {}, "shows no logits"),
        ({"model": "full", "engine": {"name": "server", "program": "vllm"}}, {}, "shows no logits"),
        ({"model": "full", "review": {"text": "Really?"}}, {}, "one token, which a review cannot change"),
        (None, {"temperature": 0.5}, "draws no tokens"),
        (None, {"stop": ["."]}, "draws no tokens"),
    ],
)
def test_what_cannot_be_ranked_is_refused(
    run: dict[str, Any] | None, decoding: dict[str, Any], what: str, tmp_path: Path
) -> None:
    with pytest.raises(PipelineError, match=what):
        study(tmp_path, run, **decoding)
