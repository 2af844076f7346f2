"""A run whose first answers are all the same ends, if the study says so, and goes on if it says otherwise."""

from pathlib import Path
from typing import Any, Container, Iterator, Sequence

import pytest

from pipeline_lib.benchmarks.base import FileNames, Question
from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines.base import Reply, Request
from pipeline_lib.engines.transformers import Settings
from pipeline_lib.inference.collapse import PROBE
from pipeline_lib.inference.predict import predict
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.inference.settings import PredictSettings
from tests.project import ROOT

QUESTIONS = [Question(f"q{number}", f"question {number}", (), "part") for number in range(3 * PROBE)]


class Parrot:
    """An engine that gives one answer to all questions but some, and counts what it is asked."""

    def __init__(self, text: str, other: Container[str] = ()) -> None:
        self.text, self.other, self.count = text, other, 0

    def answer(self, requests: Sequence[Request], answered: Container[str]) -> Iterator[Reply]:
        for request in requests:
            if request.id not in answered:
                self.count += 1
                yield Reply(request.id, request.id if request.id in self.other else self.text, tokens=1)


def run(engine: Parrot, state: Path, on_collapse: str = "stop") -> list[dict[str, Any]]:
    how = PredictSettings(
        engine=Settings(), benchmark="pope", protocol="llava15", files=FileNames(questions="q"), model_id="m",
        on_collapse=on_collapse, family=None, template=None, threads=1,
    )  # fmt: skip
    saved = SavedReplies(state / "replies.jsonl")
    try:
        return predict(engine, QUESTIONS, how, None, saved)
    finally:
        saved.close()


@pytest.mark.parametrize("text", ["Yes", " ", "no no no " * 40])
def test_equal_answers_end_the_job_after_the_probe(tmp_path: Path, text: str) -> None:
    engine = Parrot(text)
    with pytest.raises(PipelineError, match="first 50 answers of this model are the same"):
        run(engine, tmp_path)
    assert engine.count == PROBE


def test_the_same_command_again_asks_nothing_and_ends_as_before(tmp_path: Path) -> None:
    with pytest.raises(PipelineError):
        run(Parrot("Yes"), tmp_path)
    again = Parrot("Yes")
    with pytest.raises(PipelineError, match="on_collapse: mark"):
        run(again, tmp_path)
    assert again.count == 0
    assert len(run(again, tmp_path, "mark")) == len(QUESTIONS) == again.count + PROBE


def test_one_other_answer_is_no_collapse(tmp_path: Path) -> None:
    assert len(run(Parrot("Yes", {f"q{PROBE - 1}"}), tmp_path)) == len(QUESTIONS)


def test_the_default_asks_everything_and_leaves_the_settings_of_jobs_as_they_were(tmp_path: Path) -> None:
    assert len(run(Parrot("Yes"), tmp_path, "mark")) == len(QUESTIONS)
    settings = stages.predict(load_study(ROOT / "studies/mini.yaml"), "full", "pope")
    assert "on_collapse" not in settings.canonical()
    assert '"on_collapse":"stop"' in settings.model_copy(update={"on_collapse": "stop"}).canonical()
