"""A run whose first answers are all the same ends, if the study says so; one that lacks replies ends in any case."""

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
        self.text, self.other = text, other
        self.asked: list[str] = []

    @property
    def count(self) -> int:
        return len(self.asked)

    def answer(self, requests: Sequence[Request], answered: Container[str]) -> Iterator[Reply]:
        for request in requests:
            if request.id not in answered:
                self.asked.append(request.id)
                yield Reply(request.id, request.id if request.id in self.other else self.text, tokens=1)


def run(engine: Parrot, state: Path, on_collapse: str = "stop") -> list[dict[str, Any]]:
    how = PredictSettings(
        engine=Settings(), benchmark="pope", protocol="llava15", files=FileNames(questions="q"), model_id="m",
        on_collapse=on_collapse, family=None, template=None, threads=1,
    )  # fmt: skip
    state.mkdir(exist_ok=True)
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


class Forgetful(Parrot):
    """An engine that leaves out one question the first time."""

    def answer(self, requests: Sequence[Request], answered: Container[str]) -> Iterator[Reply]:
        yield from (reply for reply in super().answer(requests, answered) if reply.id != "q7" or self.count == 1)


def test_a_question_without_a_reply_ends_the_job_and_is_asked_by_the_next_one(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=f"no reply to 1 of {len(QUESTIONS)} questions"):
        run(Forgetful("Yes"), tmp_path, "mark")
    again = Forgetful("Yes")
    assert len(run(again, tmp_path, "mark")) == len(QUESTIONS)
    assert again.asked == ["q7"]


def test_the_same_command_again_asks_nothing_and_ends_as_before(tmp_path: Path) -> None:
    with pytest.raises(PipelineError):
        run(Parrot("Yes"), tmp_path)
    again = Parrot("Yes")
    with pytest.raises(PipelineError, match="on_collapse: mark"):
        run(again, tmp_path)
    assert again.count == 0
    assert len(run(again, tmp_path, "mark")) == len(QUESTIONS) == again.count + PROBE


def test_one_other_answer_among_the_first_is_no_collapse(tmp_path: Path) -> None:
    engine = Parrot("Yes")
    with pytest.raises(PipelineError):
        run(engine, tmp_path / "collapsed")
    for other in (engine.asked[0], engine.asked[-1]):
        assert len(run(Parrot("Yes", {other}), tmp_path / other)) == len(QUESTIONS)


def test_a_file_sorted_by_its_right_answers_stops_no_good_model(tmp_path: Path) -> None:
    """The first 60 of 150 questions have one answer, as the first 139 of LLaVA-OA's 1,656 have."""
    right = Parrot("Grade 0", {question.id for question in QUESTIONS[60:]})
    records = run(right, tmp_path)
    assert [record["question_id"] for record in records] == [question.id for question in QUESTIONS]
    assert [record["text"] for record in records[:60]] == ["Grade 0"] * 60


def test_the_default_asks_everything_and_leaves_the_settings_of_jobs_as_they_were(tmp_path: Path) -> None:
    assert len(run(Parrot("Yes"), tmp_path, "mark")) == len(QUESTIONS)
    settings = stages.predict(load_study(ROOT / "studies/mini.yaml"), "full", "pope")
    assert "on_collapse" not in settings.canonical()
    assert '"on_collapse":"stop"' in settings.model_copy(update={"on_collapse": "stop"}).canonical()
