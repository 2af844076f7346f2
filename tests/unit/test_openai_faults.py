"""The engine `openai` against a real server with faults: what is tried again, what fails, and what ends the job."""

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.errors import PipelineError
from tests.asking import ask, faulty, requests, saved_in
from tests.chat_server import KEY, Answer, completion, echo, error, serving, text_of


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


@pytest.mark.parametrize(
    "fault",
    [
        error(429, "slow down", {"Retry-After": "0.05"}),
        error(500, "oops"),
        error(429, "slow down", {"Retry-After": "0"}),
        error(503, "busy", {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}),
        Answer(b"{"),
        Answer(b"<html>busy</html>", headers={"Content-Type": "text/html"}),
        Answer(completion("x", choices=[])),
        Answer(completion("x"), drop_after=40),
        Answer(completion("x"), pause=3.0),
    ],
    ids=["429", "500", "no wait", "a wait that is over", "cut JSON", "HTML", "no choices", "cut connection", "hanging"],
)
def test_a_fault_that_passes_costs_no_answer(tmp_path: Path, fault: Answer) -> None:
    with serving(faulty(lambda before: fault if before == 0 else None)) as server:
        replies = ask(server, tmp_path, requests(8), access={"timeout": 0.5})
        assert server._asked["question 1"] == 2
    assert [reply.text for reply in replies.values()] == [f"question {n}!" for n in range(8)]


@pytest.mark.parametrize(
    ("fault", "reason", "tries"),
    [
        (error(500, "oops"), "500: .*oops.*; attempt 3", 3),
        (Answer(completion("x", choices=[])), "no chat completion: choices: .*; attempt 3", 3),
        (Answer(completion([{"type": "text"}])), r"no chat completion: choices\.0\.message\.content: .*; attempt 3", 3),  # type: ignore[arg-type]
        (Answer(completion("half \ud800")), "no chat completion: Invalid JSON: .*; attempt 3", 3),
        (error(400, "this image is too large"), "400: .*too large", 1),
        (Answer(completion(None, choices=[{"message": {}, "finish_reason": "content_filter"}])), "withholds", 1),
        (Answer(completion(None, choices=[{"message": {"content": None, "tool_calls": [{}]}}])), "calls a tool", 1),
    ],
)
def test_a_fault_that_stays_is_a_failed_row_with_its_reason(
    tmp_path: Path, fault: Answer, reason: str, tries: int
) -> None:
    with serving(faulty(lambda before: fault)) as server:
        replies = ask(server, tmp_path, requests(8))
        assert server._asked["question 1"] == tries
    failed = replies.pop("q1")
    assert failed.status == "failed" and failed.tokens is None
    assert re.search(reason, failed.text)
    assert {reply.status for reply in replies.values()} == {"ok"}


def test_a_failed_request_is_sent_again_when_the_job_resumes(tmp_path: Path) -> None:
    with serving(faulty(lambda before: error(400, "busy") if before == 0 else None)) as server:
        assert ask(server, tmp_path, requests(8))["q1"].status == "failed"
        assert ask(server, tmp_path, requests(8))["q1"].text == "question 1!"
        assert sum(server.served.values()) == 8


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (error(403, "not for you"), "refuses every request"),
        (error(404, "no such model: stub"), "refuses every request"),
        (error(429, "no credit", code="insufficient_quota"), "quota"),
        (error(400, "Unsupported parameter: 'max_tokens'", param="max_tokens"), "does not take a parameter"),
        (error(400, "Unsupported message"), "3 requests in a row failed"),
        (error(429, "tomorrow", {"Retry-After": "86400"}), "asks to wait 86400 seconds"),
        (error(500, "down"), "3 requests in a row failed"),
    ],
)
def test_an_error_of_every_request_ends_the_job_and_nothing_is_saved_of_it(
    tmp_path: Path, answer: Answer, message: str
) -> None:
    with serving(lambda body, before: answer) as server:
        with pytest.raises(PipelineError, match=message) as raised:
            ask(server, tmp_path, requests(200))
        assert "run the same command again" in str(raised.value) or "correct `sends`" in str(raised.value)
        assert len(server.requests) <= 3 * (16 + 2)  # the two that fail first give way to others
    assert saved_in(tmp_path) == []
    with serving(echo) as server:
        assert len(ask(server, tmp_path, requests(200))) == 200


def test_what_is_answered_before_such_an_error_is_kept(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        number = int(text_of(body).split()[1])
        return echo(body, before) if number < 20 else error(401, "revoked")

    with serving(reply) as server, pytest.raises(PipelineError, match="refuses every request"):
        ask(server, tmp_path, requests(60), access={"concurrency": 4})
    assert sorted(saved_in(tmp_path)) == sorted(f"q{number}" for number in range(20))
    with serving(echo) as server:
        assert len(ask(server, tmp_path, requests(60))) == 60
        assert sum(server.served.values()) == 40


def test_a_server_that_ends_in_between_makes_no_failed_rows(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        return echo(body, before) if int(text_of(body).split()[1]) < 20 else error(502, "down")

    with serving(reply) as server, pytest.raises(PipelineError, match="10 requests in a row failed"):
        ask(server, tmp_path, requests(60))
    assert sorted(saved_in(tmp_path)) == sorted(f"q{number}" for number in range(20))


def test_a_server_that_is_not_there_ends_the_job(tmp_path: Path) -> None:
    with serving(echo) as server:
        pass
    with pytest.raises(PipelineError, match="connection failed: ConnectError"):
        ask(server, tmp_path, requests(8))
