"""The engine `openai` against a real server: what is sent, what is recorded, what fails, what is asked again."""

import base64
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from PIL import Image

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.access import Access
from pipeline_lib.endpoints.reasoning import without_reasoning
from pipeline_lib.engines.base import AnswerSettings, Reply, Request
from pipeline_lib.engines.openai import Settings, open_engine
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.inference.saved import SavedReplies
from tests.chat_server import KEY, Answer, ChatServer, completion, echo, error, serving, text_of

HOW = AnswerSettings(threads=1, family=None, template=None, batch_size=1)
FAST = {"key": "STUB_KEY", "attempts": 3, "first_wait": 0.01, "timeout": 5.0}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


def requests(count: int, images: tuple[str, ...] = ()) -> list[Request]:
    return [Request(f"q{number}", f"question {number}", images, 16) for number in range(count)]


def ask(
    server: ChatServer,
    state: Path,
    asked: list[Request],
    how: AnswerSettings = HOW,
    images: ImageReader | None = None,
    access: dict[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Reply]:
    """Return the replies to all requests that the state has in the end."""
    state.mkdir(exist_ok=True)
    reach = Access.model_validate({**FAST, **(access or {})})
    engine = open_engine(
        Settings(name="openai", model="stub", url=server.url, access=reach, **settings),
        None,
        images or ImageReader([]),
        how,
        state,
    )
    saved = SavedReplies(state / "replies.jsonl")
    try:
        for reply in engine.answer(asked, saved):
            saved.add(reply)
    finally:
        saved.close()
    return {request.id: saved[request.id] for request in asked if request.id in saved}


def saved_in(state: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (state / "replies.jsonl").read_text().splitlines()]


def faulty(fault: Callable[[int], Answer | None]) -> Callable[[dict[str, Any], int], Answer]:
    """Return a server's reply: to the question 1, as `fault` makes it of the number of earlier tries; else an echo."""

    def reply(body: dict[str, Any], before: int) -> Answer:
        made = fault(before) if text_of(body) == "question 1" else None
        return made or echo(body, before)

    return reply


def test_every_question_is_answered_once_and_the_servers_model_is_recorded(tmp_path: Path) -> None:
    with serving(echo) as server:
        replies = ask(server, tmp_path, requests(30))
        assert {name: reply.text for name, reply in replies.items()} == {f"q{n}": f"question {n}!" for n in range(30)}
        assert set(server.served.values()) == {1} and len(server.served) == 30
    model = {"asked": "stub", "served": "stub-2026-11-01", "fingerprint": "fp_stub"}
    assert replies["q0"] == Reply("q0", "question 0!", 2, facts={"model": model, "prompt_tokens": 10})


def test_what_is_sent_depends_on_the_settings_alone(tmp_path: Path) -> None:
    drawn = HOW.model_copy(update={"temperature": 0.5, "top_p": 0.7, "stop": ["</s>"], "seed": 3})
    with serving(echo) as server:
        ask(server, tmp_path / "a", requests(1))
        ask(server, tmp_path / "b", requests(1), drawn, system="Be brief.", parameters={"reasoning_effort": "low"})
        ask(server, tmp_path / "c", requests(1), drawn, maximum="max_completion_tokens", max_tokens=2048, sends=[])
        greedy, sampled, reasoning = server.requests
    user = {"role": "user", "content": "question 0"}
    assert greedy == {"model": "stub", "messages": [user], "max_tokens": 16, "temperature": 0}
    assert 0 <= sampled.pop("seed") < 2**31
    assert sampled == {
        **{"model": "stub", "max_tokens": 16, "temperature": 0.5, "top_p": 0.7, "stop": ["</s>"]},
        **{"messages": [{"role": "system", "content": "Be brief."}, user], "reasoning_effort": "low"},
    }
    assert reasoning == {"model": "stub", "messages": [user], "max_completion_tokens": 2048}


def test_an_image_is_sent_with_the_pixels_that_a_local_model_is_shown(tmp_path: Path) -> None:
    """Most servers turn an image by its EXIF tag, which neither LLaVA nor the local engine does."""
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "raw").mkdir()
    Image.effect_noise((20, 10), 50).convert("RGB").save(tmp_path / "raw/a.jpg", exif=exif)
    archive = tmp_path / "000.tar"
    rows = convert_shard(tmp_path / "raw", [tmp_path / "raw/a.jpg"], archive, archive, ConvertSettings(to="keep"))
    write_index(tmp_path / "index.parquet", merge([rows], ""))
    images = ImageReader([tmp_path / "index.parquet"])
    assert Image.open(tmp_path / "raw/a.jpg").getexif()[0x0112] == 6
    with serving(echo) as server:
        ask(server, tmp_path / "state", requests(3, ("a.jpg",)), images=images)
        contents = [request["messages"][0]["content"] for request in server.requests]
    assert [part["type"] for part in contents[0]] == ["image_url", "text"]
    urls = {content[0]["image_url"]["url"] for content in contents}
    (url,) = urls
    sent = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
    seen = images.open("a.jpg", images.row("a.jpg").pin)
    assert (sent.format, sent.mode, sent.size, sent.info) == ("PNG", "RGB", (20, 10), {})
    assert sent.tobytes() == seen.tobytes() and not sent.getexif()


@pytest.mark.parametrize(
    "fault",
    [
        error(429, "slow down", {"Retry-After": "0.05"}),
        error(500, "oops"),
        Answer(b"{"),
        Answer(b"<html>busy</html>", headers={"Content-Type": "text/html"}),
        Answer(completion("x", choices=[])),
        Answer(completion("x"), drop_after=40),
        Answer(completion("x"), pause=3.0),
    ],
    ids=["429", "500", "cut JSON", "HTML", "no choices", "cut connection", "hanging"],
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
        (Answer(completion("x", choices=[])), "no chat completion: .*; attempt 3", 3),
        (error(400, "this image is too large"), "400: .*too large", 1),
        (Answer(completion(None, choices=[{"message": {}, "finish_reason": "content_filter"}])), "withholds", 1),
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
        assert len(server.requests) <= 3 * 16
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


def test_the_order_of_questions_changes_no_answer(tmp_path: Path) -> None:
    drawn = HOW.model_copy(update={"temperature": 1.0, "seed": 0})
    with serving(lambda body, before: Answer(completion(str(body["seed"])))) as server:
        forward = ask(server, tmp_path / "a", requests(20), drawn)
        backward = ask(server, tmp_path / "b", requests(20)[::-1], drawn)
    assert forward == backward and len({reply.text for reply in forward.values()}) == 20


def test_reasoning_is_removed_and_the_reply_is_kept_as_it_was(tmp_path: Path) -> None:
    written = "<think>\nA or B?\n</think>\n\nA"
    with serving(lambda body, before: Answer(completion(written))) as server:
        reply = ask(server, tmp_path / "a", requests(1))["q0"]
        assert (reply.text, reply.facts["raw"]) == ("A", written)
        assert ask(server, tmp_path / "b", requests(1), reasoning=None)["q0"].text == written


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A", "A"),
        ("A or B?</think> A", "A"),
        ("<think>A or", ""),
        ("<think>a</think>b<think>c</think>d", "bd"),
        (" <thin>k ", "<thin>k"),
    ],
)
def test_reasoning_that_is_cut_or_was_begun_by_the_template_is_removed_too(text: str, left: str) -> None:
    assert without_reasoning(text, "think") == left


def test_a_cut_answer_and_a_refusal_are_answers(tmp_path: Path) -> None:
    cut = {"message": {"content": "It is"}, "finish_reason": "length"}
    refused = {"message": {"content": None, "refusal": "I cannot."}, "finish_reason": "stop"}
    with serving(faulty(lambda before: Answer(completion("", choices=[cut])))) as server:
        assert ask(server, tmp_path / "a", requests(2))["q1"].stop == "length"
    with serving(faulty(lambda before: Answer(completion("", choices=[refused])))) as server:
        assert ask(server, tmp_path / "b", requests(2))["q1"].text == "I cannot."


def test_a_key_that_a_server_quotes_is_written_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def reply(body: dict[str, Any], before: int) -> Answer:
        if text_of(body) == "question 1":
            return error(400, f"bad request with {KEY}")
        return (
            Answer(completion(f"your key is {KEY}")) if text_of(body) != "question 3" else error(401, f"wrong: {KEY}")
        )

    with serving(reply) as server, pytest.raises(PipelineError) as raised:
        ask(server, tmp_path, requests(4), access={"concurrency": 1})
    assert saved_in(tmp_path) == ["q0", "q1", "q2"]
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in written + caplog.text + str(raised.value) and "your key is [key]" in written


def test_a_key_may_be_in_a_file_outside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "project/key").write_text(KEY)
    with serving(echo) as server:
        state = tmp_path / "state"
        assert len(ask(server, state, requests(2), access={"key": None, "key_file": "~/key"})) == 2
        with pytest.raises(PipelineError, match="inside the project"):
            ask(server, state, requests(2), access={"key": None, "key_file": "key"})
        with pytest.raises(PipelineError, match="cannot be read"):
            ask(server, state, requests(2), access={"key": None, "key_file": "~/other"})
        with pytest.raises(PipelineError, match="variable ABSENT"):
            ask(server, state, requests(2), access={"key": "ABSENT"})


PROGRAM = """
import sys
from pathlib import Path
from tests.unit.test_openai_engine import ask, requests

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
    with serving(echo, latency=0.05) as server:
        process = start(server, tmp_path)
        while sum(server.served.values()) < 20 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with (tmp_path / "replies.jsonl").open("ab") as file:
            file.write(b'{"id": "torn')
        kept = set(saved_in_whole(tmp_path))
        asked = server._asked.copy()
        replies = ask(server, tmp_path, requests(60), access={"concurrency": 4})
        assert 10 < len(kept) < 60
        assert all(server._asked[f"question {name[1:]}"] == asked[f"question {name[1:]}"] for name in kept)
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
