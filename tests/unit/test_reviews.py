"""Answers in several turns: what is asked after an answer, what the records hold, and what resumes."""

import json
from pathlib import Path
from typing import Any, Iterator, Sequence

import pytest
from ruamel.yaml import YAML

from pipeline_lib.benchmarks.base import FileNames, Question
from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study
from pipeline_lib.core.cutting import cut_behind
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.access import Access
from pipeline_lib.engines.base import Answered, EnginePaths, Reply, Request
from pipeline_lib.engines.openai import Settings, open_engine
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.predict import predict
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.inference.settings import PredictSettings, Review
from tests.asking import FAST, HOW
from tests.chat_server import KEY, Answer, ChatServer, completion, error, serving, text_of
from tests.project import ROOT

QUESTIONS = [Question(f"q{n}", f"question {n}", (), "part") for n in range(6)]
REVIEW = Review(text="Review this: {question}", turns=3)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


def settings(review: Review | None, **engine: Any) -> PredictSettings:
    return PredictSettings(
        engine=Settings(name="openai", model="stub", **engine),
        **{"benchmark": "pope", "protocol": "llava15", "files": FileNames(questions="q"), "model_id": "m"},
        **{"family": None, "template": None, "threads": 1, "review": review},
    )


def answered(server: ChatServer, state: Path, review: Review | None, **access: Any) -> list[dict[str, Any]]:
    state.mkdir(exist_ok=True)
    how = settings(review, url=server.url, access=Access.model_validate({**FAST, **access}))
    engine = open_engine(how.engine, None, ImageReader([]), HOW, EnginePaths(state, state / "log"))  # type: ignore[arg-type]
    saved = SavedReplies(state / "replies.jsonl")
    try:
        return predict(engine, QUESTIONS, how, None, saved)
    finally:
        saved.close()


def turn_of(body: dict[str, Any]) -> int:
    return sum(message["role"] == "user" for message in body["messages"])


def count(body: dict[str, Any], before: int) -> Answer:
    """Reply with the number of the turn, and the question."""
    return Answer(completion(f"{turn_of(body)} of {body['messages'][0]['content']}"))


def test_a_server_gets_the_whole_conversation_and_the_record_has_every_answer(tmp_path: Path) -> None:
    with serving(count) as server:
        records = answered(server, tmp_path, REVIEW)
        longest = next(body for body in server.requests if turn_of(body) == 3 and text_of(body).endswith("2"))
    assert [(message["role"], message["content"]) for message in longest["messages"]] == [
        ("user", "question 2"),
        ("assistant", "1 of question 2"),
        ("user", "Review this: question 2"),
        ("assistant", "2 of question 2"),
        ("user", "Review this: question 2"),
    ]
    record = records[2]
    assert (record["question_id"], record["prompt"], record["text"]) == ("q2", "question 2", "3 of question 2")
    assert [each["text"] for each in record["earlier"]] == ["1 of question 2", "2 of question 2"]
    assert [each["metadata"]["tokens"] for each in record["earlier"]] == [2, 2]
    assert "until" not in record["earlier"][0] and len(server.requests) == 18


def test_what_a_server_wrote_behind_the_mark_is_cut_and_stays_in_the_record(tmp_path: Path) -> None:
    written = "<R> a </R>\n<C> A </C>"
    with serving(lambda body, before: Answer(completion(written))) as server:
        (record, *_) = answered(server, tmp_path, Review(text="Check.", after="</R>"))
        assert [body["messages"][1]["content"] for body in server.requests if turn_of(body) == 2] == ["<R> a </R>"] * 6
    first = record["earlier"][0]
    assert (first["text"], first["until"], first["metadata"]["raw"]) == ("<R> a </R>", "</R>", written)
    assert record["text"] == written and "raw" not in record["metadata"]


def test_a_failed_answer_is_not_reviewed_and_a_failed_review_keeps_the_answers_before(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        at = (body["messages"][0]["content"], turn_of(body))
        failing = at in (("question 1", 1), ("question 2", 2))
        return error(400, "no such image", code="invalid_image") if failing else count(body, before)

    with serving(reply) as server:
        records = answered(server, tmp_path, REVIEW)
    assert [(record.get("status"), len(record["earlier"])) for record in records[:4]] == [
        (None, 2),
        ("failed", 0),
        ("failed", 1),
        (None, 2),
    ]
    assert records[2]["earlier"][0]["text"] == "1 of question 2" and "no such image" in records[2]["text"]


def test_the_replies_of_each_turn_are_saved_and_no_order_or_kill_changes_a_byte(tmp_path: Path) -> None:
    with serving(count) as server:
        whole = answered(server, tmp_path / "whole", REVIEW)
        lines = (tmp_path / "whole/replies.jsonl").read_bytes().splitlines(keepends=True)
        assert len(lines) == 18
        for done in (0, 3, 6, 10, 17):
            state = tmp_path / str(done)
            state.mkdir()
            (state / "replies.jsonl").write_bytes(b"".join(lines[:done]) + lines[done][:7])
            before = len(server.requests)
            assert answered(server, state, REVIEW, concurrency=1 + done) == whole
            assert len(server.requests) - before == 18 - done


def test_the_budget_of_a_job_holds_for_all_its_turns(tmp_path: Path) -> None:
    with serving(count) as server:
        with pytest.raises(PipelineError, match="the budget of tokens is used up"):
            answered(server, tmp_path, REVIEW, budget={"tokens": 240}, concurrency=1)
        spent = (tmp_path / "spent.jsonl").read_text().splitlines()
        assert 6 < len(spent) < 18
        assert len(answered(server, tmp_path, REVIEW)) == 6 and len(server.requests) == 18


class Recording:
    """An engine that notes which requests it gets."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        self.asked.append([request.id for request in requests])
        yield from (Reply(request.id, "B", 1) for request in requests if request.id not in answered)


def test_every_turn_is_one_batch_of_requests_and_what_is_done_asks_no_engine(tmp_path: Path) -> None:
    engine = Recording()
    predict(engine, QUESTIONS[:2], settings(REVIEW, url="http://x/v1"), None, SavedReplies(tmp_path / "replies"))
    assert engine.asked == [["q0", "q1"], ["q0, turn 2", "q1, turn 2"], ["q0, turn 3", "q1, turn 3"]]
    again = Recording()
    predict(again, QUESTIONS[:2], settings(REVIEW, url="http://x/v1"), None, SavedReplies(tmp_path / "replies"))
    assert again.asked == []


@pytest.mark.parametrize(
    ("text", "mark", "cut"),
    [("a</R>b</R>c", "</R>", "a</R>"), ("abc", "</R>", "abc"), ("abc", None, "abc"), ("", "x", "")],
)
def test_a_text_is_cut_behind_the_first_mark(text: str, mark: str | None, cut: str) -> None:
    assert cut_behind(text, mark) == cut


def study(folder: Path, run: dict[str, Any], template: str = "vicuna_v1") -> Any:
    tree = YAML(typ="safe").load(ROOT / "studies/mini.yaml")
    tree["runs"] = {"full": {"model": "full"}, "sco": {"model": "full", **run}}
    tree["trainings"]["full"]["recipe"]["template"] = template
    (folder / "study.yaml").write_text(json.dumps(tree))
    return load_study(folder / "study.yaml")


def test_a_review_is_part_of_an_answers_settings_and_the_section_of_the_score_alone(tmp_path: Path) -> None:
    review = {"text": "Sure? {question}", "turns": 3, "after": "</REASONING>"}
    tree = study(tmp_path, {"review": review, "answer_in": "CONCLUSION"})
    made = stages.predict(tree, "sco", "pope")
    assert made.review == Review(**review) and stages.predict(tree, "full", "pope").review is None
    assert "CONCLUSION" not in made.canonical()
    assert stages.score(tree, "pope", "sco").answer_in == "CONCLUSION"
    assert stages.judge(tree, "sco", "pope").answer_in == stages.submit(tree, "pope", "sco").answer_in == "CONCLUSION"
    assert stages.score(tree, "pope", "full").answer_in is None


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"review": {}}, "the key `text` is missing"),
        ({"review": {"text": "Sure?", "turns": 1}}, "runs.sco.review.turns"),
        ({"review": {"text": "Sure of {qustion}?"}}, "{qustion} stands for nothing here; only {question} does"),
        ({"review": {"text": "Sure?", "after": ""}}, "runs.sco.review.after"),
        ({"answer_in": "<CONCLUSION>"}, "runs.sco.answer_in"),
        ({"review": {"text": "Sure?", "place": "x"}}, "unknown key"),
    ],
)
def test_a_mistake_is_named_when_the_study_is_read(tmp_path: Path, run: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError) as raised:
        study(tmp_path, run)
    assert message in str(raised.value)


def test_a_template_that_asks_one_question_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="the template plain asks no second question"):
        study(tmp_path, {"review": {"text": "Sure?"}}, template="plain")


def test_other_braces_are_text() -> None:
    assert Review(text='Write {"a": 1} on {question}').about("x?") == 'Write {"a": 1} on x?'
