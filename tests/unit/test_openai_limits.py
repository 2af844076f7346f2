"""The engine `openai` against a real server: pace, budgets, kills, and two processes at once."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.errors import PipelineError
from tests.asking import ask, requests, saved_in
from tests.chat_server import KEY, Answer, ChatServer, completion, echo, error, serving, text_of


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


def test_at_most_concurrency_requests_are_sent_at_once_and_a_429_slows_them_down(tmp_path: Path) -> None:
    at_once: list[int] = []

    def reply(body: dict[str, Any], before: int) -> Answer:
        at_once.append(server._at_once + 1)
        return error(429, "slow", {"Retry-After": "0.2"}) if at_once[-1] > 6 else echo(body, before)

    with serving(reply, latency=0.02) as server:
        replies = ask(server, tmp_path, requests(100), access={"concurrency": 12, "attempts": 10})
        assert {reply.status for reply in replies.values()} == {"ok"} and set(server.served.values()) == {1}
        refused = sum(number > 6 for number in at_once)
    assert 0 < refused < 40 and max(at_once) <= 12


def test_retry_after_is_awaited(tmp_path: Path) -> None:
    moments: list[float] = []

    def reply(body: dict[str, Any], before: int) -> Answer:
        moments.append(time.monotonic())
        return error(429, "slow", {"Retry-After": "1"}) if len(moments) == 1 else echo(body, before)

    with serving(reply) as server:
        ask(server, tmp_path, requests(1))
    assert moments[1] - moments[0] >= 1


@pytest.mark.parametrize("asked", ["0", "Thu, 01 Jan 1970 00:00:00 GMT"], ids=["zero", "a past date"])
def test_where_a_server_states_no_wait_the_wait_is_that_of_the_settings(tmp_path: Path, asked: str) -> None:
    """A date may be past because its clock is another one: without any wait all attempts would end at once."""
    moments: list[float] = []

    def reply(body: dict[str, Any], before: int) -> Answer:
        moments.append(time.monotonic())
        return error(429, "slow", {"Retry-After": asked}) if before < 2 else echo(body, before)

    with serving(reply) as server:
        ask(server, tmp_path, requests(1), access={"first_wait": 0.2})
    first, second, third = moments
    assert second - first >= 0.2 and third - second >= 0.4


def test_a_budget_of_tokens_stops_the_job_which_a_larger_one_continues(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with serving(echo) as server:
        with pytest.raises(PipelineError, match="budget of tokens") as raised:
            ask(server, tmp_path, requests(100), access={"budget": {"tokens": 600}})
        assert "100 requests with 0 images; at most about 300 + 1,600 tokens" in caplog.text
        assert "access.budget.tokens" in str(raised.value)
        first = sum(server.served.values())
        assert 40 <= first <= 50 and len(saved_in(tmp_path)) == first  # 12 tokens each
        with pytest.raises(PipelineError, match=r"spent so far: \d+ "):
            ask(server, tmp_path, requests(100), access={"budget": {"tokens": 600}})
        assert sum(server.served.values()) == first
        assert len(ask(server, tmp_path, requests(100), access={"budget": {"tokens": 6000}})) == 100
        assert set(server.served.values()) == {1}


def test_a_budget_of_money_counts_by_prices_and_an_unknown_usage_by_an_estimate(tmp_path: Path) -> None:
    prices = {"prices": {"input": 1000.0, "output": 100_000.0}, "budget": {"money": 5.0}}
    with serving(lambda body, before: Answer(completion("four", usage=None))) as server:
        with pytest.raises(PipelineError, match="budget of money"):
            ask(server, tmp_path, requests(100), access=prices)
        assert 20 < len(saved_in(tmp_path)) < 50  # each about 0.1, at most 1.6
        replies = ask(server, tmp_path / "other", requests(1))
    assert (replies["q0"].tokens, replies["q0"].facts["prompt_tokens"]) == (None, None)


def test_a_budget_of_seconds_stops_the_job_which_the_same_command_continues(tmp_path: Path) -> None:
    access = {"concurrency": 2, "budget": {"seconds": 0.5}}
    with serving(echo, latency=0.1) as server:
        with pytest.raises(PipelineError, match="budget of seconds"):
            ask(server, tmp_path, requests(18), access=access)
        for _ in range(3):
            try:
                ask(server, tmp_path, requests(18), access=access)
            except PipelineError:
                continue
        assert len(saved_in(tmp_path)) == 18 and set(server.served.values()) == {1}


PROGRAM = """
import sys
from pathlib import Path
from tests.asking import ask, requests

class Server:
    url = sys.argv[1]

ask(Server(), Path(sys.argv[2]), requests(60), access={"concurrency": 4})
"""


def start(server: ChatServer, state: Path) -> "subprocess.Popen[bytes]":
    path = os.pathsep.join([str(Path.cwd()), *sys.path])
    variables = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", PROGRAM, server.url, str(state)]
    return subprocess.Popen(command, env=variables, stderr=subprocess.PIPE)


def test_after_a_kill_no_answer_is_lost_and_none_that_was_saved_is_asked_again(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        slow = before == 0 and int(text_of(body).split()[1]) % 3 == 0
        return error(429, "slow down", {"Retry-After": "0.02"}) if slow else echo(body, before)

    with serving(reply, latency=0.05) as server:
        process = start(server, tmp_path)
        while sum(server.served.values()) < 20 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with (tmp_path / "replies.jsonl").open("ab") as file:
            file.write(b'{"id": "torn')
        kept = set(saved_in_whole(tmp_path))
        replies = ask(server, tmp_path, requests(60), access={"concurrency": 4})
        assert 10 < len(kept) < 60
        assert [name for name in kept if server.served[f"question {name[1:]}"] != 1] == []
        doubled = [text for text, count in server.served.items() if count > 1]
    assert len(doubled) <= 4  # those that were being answered
    assert [reply.text for reply in replies.values()] == [f"question {n}!" for n in range(60)]
    assert len(saved_in(tmp_path)) == 60


def saved_in_whole(state: Path) -> list[str]:
    lines = (state / "replies.jsonl").read_bytes().split(b"\n")[:-1]
    return [json.loads(line)["id"] for line in lines]


def test_two_processes_on_one_state_are_refused(tmp_path: Path) -> None:
    with serving(echo, latency=0.2) as server:
        process = start(server, tmp_path)
        while not server.requests and process.poll() is None:
            time.sleep(0.01)
        with pytest.raises(PipelineError, match="another process saves its rows in this file"):
            ask(server, tmp_path, requests(60))
        assert process.wait() == 0
        assert set(server.served.values()) == {1} and len(server.served) == 60
