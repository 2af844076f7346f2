"""The engine `openai` against a real server: what is sent, what is recorded, and where the key is not."""

import base64
import io
import logging
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.reasoning import without_reasoning
from pipeline_lib.engines.base import Reply
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from tests.asking import HOW, ask, faulty, requests, saved_in
from tests.chat_server import KEY, Answer, completion, echo, error, serving, text_of


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


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
            ask(server, state, requests(2), access={"key": None, "key_file": str(tmp_path / "project/key")})
        with pytest.raises(PipelineError, match="cannot be read"):
            ask(server, state, requests(2), access={"key": None, "key_file": "~/other"})
        with pytest.raises(PipelineError, match="variable ABSENT"):
            ask(server, state, requests(2), access={"key": "ABSENT"})


def test_a_server_on_this_machine_is_asked_past_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(echo) as server:
        assert len(ask(server, tmp_path, requests(2))) == 2
