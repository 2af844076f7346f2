"""The judge `openai` against a real server: what is sent, further attempts, runs, failures, resumption."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.benchmarks import mm_vet
from pipeline_lib.benchmarks.families.judge_replies import reply_of, reply_row
from pipeline_lib.benchmarks.families.judging import Attempt, JudgeReply, JudgeRequest, Message
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.access import Access
from pipeline_lib.judges.openai import Settings, open_judge
from pipeline_lib.judging.saved import SavedReplies
from tests.chat_server import KEY, Answer, ChatServer, completion, error, serving, text_of

ACCESS = {"key": "STUB_KEY", "attempts": 2, "first_wait": 0.01}
ATTEMPTS = (
    Attempt((Message("system", "You grade."), Message("user", "grade 0")), 0.0),
    Attempt((Message("user", "again 0"),), 0.5),
    Attempt((Message("user", "again 0"),), 1.0),
)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


def requests(count: int) -> list[JudgeRequest]:
    """Return requests to grade, each of one attempt."""
    attempts = [(Attempt((Message("user", f"grade {number}"),), 0.2),) for number in range(count)]
    return [JudgeRequest(f"v{number}", "gpt-4-0613", 3, attempts[number]) for number in range(count)]


def judge(server: ChatServer, state: Path, asked: list[JudgeRequest], **settings: Any) -> list[JudgeReply]:
    """Return the replies that the state has in the end, sorted."""
    reach = Access.model_validate({**ACCESS, **settings.pop("access", {})})
    opened = open_judge(Settings(name="openai", url=server.url, access=reach, **settings), [], mm_vet.recorded, state)
    saved = SavedReplies(state / "replies.jsonl")
    try:
        for reply in opened.judge(asked, saved):
            saved.add(reply)
    finally:
        saved.close()
    return sorted(saved.replies, key=lambda reply: (reply.id, reply.run))


def test_messages_temperature_and_length_are_those_of_the_protocol(tmp_path: Path) -> None:
    with serving(lambda body, before: Answer(completion("0.5"))) as server:
        (reply,) = judge(server, tmp_path, [JudgeRequest("v0", "gpt-4-0613", 3, ATTEMPTS[:1])])
        (sent,) = server.requests
    messages = [{"role": "system", "content": "You grade."}, {"role": "user", "content": "grade 0"}]
    assert sent == {"model": "gpt-4-0613", "messages": messages, "max_tokens": 3, "temperature": 0}
    digest = JudgeRequest("v0", "gpt-4-0613", 3, ATTEMPTS[:1]).digest
    assert reply == JudgeReply("v0", 0, ("0.5",), "", "gpt-4-0613", "stub-2026-11-01", digest)


def test_another_model_and_its_parameters_are_data(tmp_path: Path) -> None:
    settings = {"model": "stub", "maximum": "max_completion_tokens", "max_tokens": 900, "sends": []}
    with serving(lambda body, before: Answer(completion("<think>hm</think>0.5"))) as server:
        (reply,) = judge(server, tmp_path, requests(1), **settings)
        (sent,) = server.requests
    assert (reply.asked, reply.texts, reply.raw) == ("stub", ("0.5",), ("<think>hm</think>0.5",))
    assert reply_of("", json.loads(json.dumps(reply_row(reply)))) == reply
    assert "temperature" not in sent and sent["max_completion_tokens"] == 900


def test_a_further_attempt_is_made_while_a_reply_is_not_readable(tmp_path: Path) -> None:
    """MM-Vet asks up to five times for a number, at rising temperatures."""
    texts = iter(["I think", "good", "0.4", "0.9"])
    with serving(lambda body, before: Answer(completion(next(texts)))) as server:
        asked = JudgeRequest("v0", "gpt-4-0613", 3, ATTEMPTS, mm_vet.JUDGES["official"].has_grade)
        (reply,) = judge(server, tmp_path, [asked])
        assert [(text_of(sent), sent["temperature"]) for sent in server.requests] == [
            *(("grade 0", 0), ("again 0", 0.5), ("again 0", 1.0))
        ]
    assert (reply.texts, reply.status) == (("I think", "good", "0.4"), "ok")


def test_every_run_is_judged_once_and_an_interrupted_job_continues(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        return Answer(completion("0.5")) if int(text_of(body).split()[1]) < 4 else error(401, "revoked")

    with serving(reply) as server, pytest.raises(PipelineError, match="refuses"):
        judge(server, tmp_path, requests(8), runs=2, access={"concurrency": 2})
    with serving(lambda body, before: Answer(completion("0.5"))) as server:
        replies = judge(server, tmp_path, requests(8), runs=2)
        assert sum(server.served.values()) == 8
    assert [(reply.id, reply.run) for reply in replies] == [(f"v{n}", run) for n in range(8) for run in (0, 1)]


def test_a_failed_judgement_is_recorded_and_asked_again_later(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        failing = text_of(body) == "grade 3" and before == 0
        return error(400, "too long") if failing else Answer(completion("0.5"))

    with serving(reply) as server:
        failed = judge(server, tmp_path, requests(6))[3]
        assert (failed.status, failed.served) == ("failed", None) and "too long" in failed.texts[-1]
        assert judge(server, tmp_path, requests(6))[3].status == "ok"
        assert sum(server.served.values()) == 6


def test_the_budget_is_that_of_all_attempts(tmp_path: Path) -> None:
    with serving(lambda body, before: Answer(completion("good"))) as server:
        asked = [JudgeRequest(f"v{n}", "gpt-4", 3, ATTEMPTS, mm_vet.JUDGES["official"].has_grade) for n in range(9)]
        with pytest.raises(PipelineError, match="budget of tokens"):
            judge(server, tmp_path, asked, access={"budget": {"tokens": 100}})
        assert 6 <= len(server.requests) <= 9 + 9  # 12 tokens each, and nine are sent at once
