"""Saved replies: what an interrupted job had is read again, and what is not as it was saved is dropped."""

import json
from pathlib import Path
from typing import Callable

import pytest

from pipeline_lib.engines.base import Reply
from pipeline_lib.inference.saved import SavedReplies

REPLIES = [Reply("1", "Yes\r\u2028", 2), Reply("2", "no memory", 0, status="failed"), Reply("3", "No", 2, "length")]


def save(path: Path) -> Path:
    saved = SavedReplies(path)
    for reply in REPLIES:
        saved.add(reply)
    return path


def replies_in(path: Path) -> list[Reply]:
    saved = SavedReplies(path)
    return [saved[reply.id] for reply in REPLIES if reply.id in saved]


def test_saved_replies_are_read_again_and_continued(tmp_path: Path) -> None:
    path = save(tmp_path / "replies.jsonl")
    assert replies_in(path) == REPLIES
    SavedReplies(path).add(Reply("1", "Yes\r\u2028", 2))  # an engine may answer again
    assert replies_in(path) == REPLIES


def edited(line: bytes) -> bytes:
    return json.dumps({**json.loads(line), "text": "ok"}).encode() + b"\n"


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[:-1],
        lambda line: line[:9],
        lambda line: b"\0" * len(line) + b"\n",
        lambda line: b"\xff" + line,
        lambda line: b"[" * 10_000 + b"\n",
        lambda line: b'{"id": "2"}\n',
        lambda line: b"5\n",
        lambda line: b"\n",
        edited,
    ],
)
def test_from_a_damaged_line_on_replies_are_dropped(
    tmp_path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    path = save(tmp_path / "replies.jsonl")
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + damage(second) + third)
    assert replies_in(path) == REPLIES[:1]
    assert "replies.jsonl:2 is torn or damaged" in caplog.text
    assert path.read_bytes() == first
    for reply in REPLIES[1:]:
        SavedReplies(path).add(reply)
    assert path.read_bytes() == first + second + third
