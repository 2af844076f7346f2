"""The engine `openai` and a server whose responses are too large, compressed, of another encoding, or sent elsewhere."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints import bodies
from tests.asking import ask, faulty, requests
from tests.chat_server import KEY, Answer, completion, error, serving

ONE = json.dumps(completion("one")).encode()
UMLAUT = completion("f\N{LATIN SMALL LETTER U WITH DIAERESIS}r")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


def usage(count: str) -> Answer:
    """Return a reply whose usage is this text."""
    return Answer(json.dumps(completion("one", usage={"prompt_tokens": 7})).replace("7", count).encode())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(gzip.compress(ONE), headers={"Content-Encoding": "gzip"}), "must be plain: 'gzip'"),
        (Answer(gzip.compress(ONE), headers={"Content-Encoding": "x, GZIP"}), "must be plain: 'x, GZIP'"),
        (Answer(ONE.ljust(bodies.LARGEST // 2**10 + 1)), "longer than"),
        (Answer(json.dumps(UMLAUT, ensure_ascii=False).encode("latin-1")), "not UTF-8 text at byte"),
        (Answer(json.dumps(UMLAUT, ensure_ascii=False).encode("utf-16")), "not UTF-8 text at byte 0"),
        (usage("1" + "0" * 400), "no chat completion"),
        (usage("9" * 4300), "no chat completion"),
        (usage("-1"), "no chat completion"),
        (error(400, "", code=None), "400"),
        (Answer({"error": "the image is too large"}, 400), "the image is too large"),
        (Answer(b"<html>who are you?</html>", 418), "who are you"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_response_that_cannot_be_used_is_a_failed_row_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, reason: str
) -> None:
    monkeypatch.setattr(bodies, "LARGEST", bodies.LARGEST // 2**10)
    prices = {"prices": {"input": 1.0, "output": 1.0}, "budget": {"money": 5.0}}
    with serving(faulty(lambda before: answer)) as server:
        replies = ask(server, tmp_path, requests(4), access=prices)
    failed = replies.pop("q1")
    assert failed.status == "failed" and reason in failed.text
    assert {reply.status for reply in replies.values()} == {"ok"}


@pytest.mark.parametrize("charset", ["", "; charset=latin-1", "; charset=nonsense"])
@pytest.mark.parametrize("mark", ["", "\N{ZERO WIDTH NO-BREAK SPACE}"])
def test_json_is_utf8_whatever_its_headers_say(tmp_path: Path, charset: str, mark: str) -> None:
    body = (mark + json.dumps(UMLAUT, ensure_ascii=False)).encode()
    answer = Answer(body, headers={"Content-Type": f"application/json{charset}"})
    with serving(faulty(lambda before: answer)) as server:
        assert ask(server, tmp_path, requests(4))["q1"].text == UMLAUT["choices"][0]["message"]["content"]


def test_a_compressed_body_is_not_asked_for(tmp_path: Path) -> None:
    with serving(faulty(lambda before: None)) as server:
        ask(server, tmp_path, requests(2))
        assert {headers["accept-encoding"] for headers in server.headers} == {"identity"}


def test_a_redirect_ends_the_job_and_sends_nothing_elsewhere(tmp_path: Path) -> None:
    with serving(faulty(lambda before: None)) as other:
        place = {"Location": f"{other.url}/chat/completions?token=S3CRET"}
        with serving(lambda body, before: Answer(b"", 307, place)) as server, pytest.raises(PipelineError) as raised:
            ask(server, tmp_path, requests(4))
        assert other.headers == []
    assert f"307: {other.url}/chat/completions" in str(raised.value) and "S3CRET" not in str(raised.value)


@pytest.mark.parametrize("key", [KEY, "corp/key+0123", "long-" * 20])
@pytest.mark.parametrize("quoted", [str, lambda key: quote(key, safe="")], ids=["plain", "as in a URL"])
def test_a_key_in_a_header_is_in_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, quoted: Any
) -> None:
    monkeypatch.setenv("STUB_KEY", key)
    coded = Answer(b"{}", headers={"Content-Encoding": quoted(key)})
    with serving(faulty(lambda before: coded)) as server:
        server.key = key
        reason = ask(server, tmp_path / "coded", requests(2))["q1"].text
        assert "must be plain: '[key]'" in reason
        server.reply = lambda body, before: Answer(b"", 302, {"Location": f"https://other.example/{quoted(key)}/login"})
        with pytest.raises(PipelineError, match=r"302: https://other\.example/\[key\]/login"):
            ask(server, tmp_path / "sent", requests(2))


@pytest.mark.parametrize("key", [KEY, "key/with/slashes+and'quotes\\0"])
def test_a_key_that_a_body_quotes_with_escapes_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("STUB_KEY", key)
    text: Any = json.dumps(completion(f"your key is {key}", model=f"for {key}", system_fingerprint=key))
    forms = [
        text.encode(),
        text.replace("/", r"\/").encode(),
        text.replace("key", r"\u006b\u0065\u0079").replace("sk-", r"\u0073k\u002d").encode(),
        text.replace('"choices"', r'"other"').encode(),
    ]
    with serving(faulty(lambda before: None)) as server:
        server.key = key
        for number, form in enumerate(forms):
            server.reply = faulty(lambda before, form=form: Answer(form))  # type: ignore[misc]
            reply = ask(server, tmp_path / str(number), requests(2))["q1"]
            assert key not in repr(reply) and (reply.status == "failed" or reply.text == "your key is [key]")
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert key not in written + caplog.text and json.dumps(key) not in written
