"""Data for self-correction: a strong model refines first answers; what is refused, resumed and written."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from ruamel.yaml import YAML

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.source_rows import rows_of_file
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.conversations.tabulate import tabulate
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.core.yaml_file import read_yaml, settings_in
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.refining.cases import Case, cases_of_answers, cases_of_rows
from pipeline_lib.refining.refine import Refiner, assembled
from pipeline_lib.refining.sections import sections_fault
from pipeline_lib.refining.settings import RefineSettings
from pipeline_lib.scoring.answers import Joined, Turn
from tests.asking import FAST
from tests.chat_server import KEY, Answer, ChatServer, completion, error, serving

TAGS = ["SUMMARY", "CAPTION", "REASONING", "CONCLUSION"]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageReader:
    folder = tmp_path_factory.mktemp("images")
    (folder / "raw").mkdir()
    Image.effect_noise((20, 10), 50).convert("RGB").save(folder / "raw/a.jpg")
    archive = folder / "000.tar"
    rows = convert_shard(folder / "raw", [folder / "raw/a.jpg"], archive, archive, ConvertSettings(to="keep"))
    write_index(folder / "index.parquet", merge([rows], ""))
    return ImageReader([folder / "index.parquet"])


def settings(url: str = "http://127.0.0.1/v1", **changes: Any) -> RefineSettings:
    keys = {"first": {"table": "t"}, "model": "strong", "url": url, "review": "Check: {question}", "access": FAST}
    return RefineSettings.model_validate({**keys, **changes})


def cases(count: int, images: ImageReader, wanted: RefineSettings) -> list[Case]:
    rows = [Conversation(n, f"c{n}", *(("a.jpg", "pin") if n % 2 else (None, None)), turns(n)) for n in range(count)]
    return cases_of_rows(rows, wanted, images)


def turns(number: int) -> list[dict[str, str]]:
    shown = "<image>\n" if number % 2 else ""
    return [{"from": "human", "value": f"{shown}question {number}?"}, {"from": "gpt", "value": f"answer {number}"}]


def whole(text: str) -> str:
    return "\n\n".join(f"<{tag}> {text} </{tag}>" for tag in TAGS)


def asked_text(body: dict[str, Any]) -> str:
    content = body["messages"][0]["content"]
    return content if isinstance(content, str) else str(content[1]["text"])


def number_of(body: dict[str, Any]) -> int:
    return int(asked_text(body).split("question ")[1].split("?")[0])


def tries_of(body: dict[str, Any]) -> int:
    return (len(body["messages"]) + 1) // 2


def grudging(body: dict[str, Any], before: int) -> Answer:
    """Give the question N a usable reply at try N, without a section before."""
    text = whole(f"refined {number_of(body)}")
    usable = tries_of(body) > number_of(body)
    return Answer(completion(text if usable else text.replace("</CAPTION>", "")))


def refined(
    server: ChatServer, images: ImageReader, state: Path, count: int = 5, **changes: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]:
    state.mkdir(exist_ok=True)
    wanted = settings(server.url, **changes)
    made = cases(count, images, wanted)
    return assembled(made, Refiner(wanted, images, state).refine(made), wanted)


def test_a_bad_reply_is_asked_again_with_its_fault_then_listed_with_the_reason(
    tmp_path: Path, images: ImageReader
) -> None:
    with serving(grudging) as server:
        rows, rejected, served = refined(server, images, tmp_path)
        last = next(body for body in server.requests if number_of(body) == 1 and tries_of(body) == 2)
    assert [row["id"] for row in rows] == ["c0", "c1", "c2"]
    assert rows[1] == {
        "id": "c1",
        "image": "a.jpg",
        "conversations": [
            {"from": "human", "value": "<image>\nquestion 1?"},
            {"from": "gpt", "value": "answer 1"},
            {"from": "human", "value": "Check: question 1?"},
            {"from": "gpt", "value": whole("refined 1")},
        ],
    }
    assert [(each["id"], each["reason"], each["tries"]) for each in rejected] == [
        ("c3", "</CAPTION> is missing", 3),
        ("c4", "</CAPTION> is missing", 3),
    ]
    assert served == {"stub-2026-11-01": 1 + 2 + 3 + 3 + 3}
    first, reply, again = last["messages"]
    assert [part["type"] for part in first["content"]] == ["image_url", "text"]
    assert "Question: question 1?\n\nAnswer: answer 1\n" in asked_text(last)
    assert "<SUMMARY> … </SUMMARY> <CAPTION> … </CAPTION>" in asked_text(last)
    assert "<CAPTION>" in reply["content"] and "This reply cannot be used: </CAPTION> is missing" in again["content"]


def test_the_conversations_are_rows_that_a_table_takes(tmp_path: Path, images: ImageReader) -> None:
    with serving(grudging) as server:
        rows, *_ = refined(server, images, tmp_path / "state")
    (tmp_path / "sco.json").write_text(pretty_json(rows))
    table = tabulate(rows_of_file(tmp_path / "sco.json"), images, tmp_path)
    assert (len(table.rows), table.rejected, table.unused_keys) == (3, [], [])


def test_no_order_of_replies_and_no_kill_changes_a_byte(tmp_path: Path, images: ImageReader) -> None:
    with serving(grudging) as server:
        made = refined(server, images, tmp_path / "whole")
        lines = (tmp_path / "whole/replies.jsonl").read_bytes().splitlines(keepends=True)
        assert len(lines) == 12
        for done in (0, 4, 11):
            (tmp_path / str(done)).mkdir()
            (tmp_path / f"{done}/replies.jsonl").write_bytes(b"".join(lines[:done]) + lines[done][:7])
            before = len(server.requests)
            changes = {"access": {**FAST, "concurrency": 1 + done}}
            assert refined(server, images, tmp_path / str(done), **changes) == made
            assert len(server.requests) - before == 12 - done


def test_replies_serve_another_review_and_no_other_prompt(tmp_path: Path, images: ImageReader) -> None:
    with serving(grudging) as server:
        refined(server, images, tmp_path, 1)
        rows, *_ = refined(server, images, tmp_path, 1, review="Once more.")
        assert rows[0]["conversations"][2]["value"] == "Once more." and len(server.requests) == 1
        refined(server, images, tmp_path, 1, prompt="question 0? {question} {answer}")
        assert len(server.requests) == 2


def test_a_failed_request_is_listed_and_asked_again_later(tmp_path: Path, images: ImageReader) -> None:
    faults = [error(400, "too large", code="image_too_large")]

    def failing(body: dict[str, Any], before: int) -> Answer:
        return faults[0] if faults and number_of(body) == 1 else grudging(body, before)

    with serving(failing) as server:
        _, rejected, _ = refined(server, images, tmp_path, 3)
        faults.clear()
        assert [each["id"] for each in refined(server, images, tmp_path, 3)[0]] == ["c0", "c1", "c2"]
        assert [each["id"] for each in rejected] == ["c1"] and "the request failed: " in rejected[0]["reason"]


def test_a_budget_ends_the_job_and_a_larger_one_continues(tmp_path: Path, images: ImageReader) -> None:
    small = {**FAST, "concurrency": 1, "budget": {"tokens": 300}, "image_tokens": 10}
    with serving(grudging) as server:
        with pytest.raises(PipelineError, match="the budget of tokens is used up"):
            refined(server, images, tmp_path, access=small, max_tokens=100)
        done = len(server.requests)
        assert 0 < done < 12
        rows, *_ = refined(server, images, tmp_path, max_tokens=100)
        assert len(rows) == 3 and len(server.requests) == 12


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (whole("a"), None),
        (f"\n{whole('a <b> c')} \n", None),
        ("", "<SUMMARY> is missing"),
        (whole("a") + whole("a"), "<SUMMARY> is there 2 times"),
        (whole("a").replace("SUMMARY", "X").replace("CAPTION", "SUMMARY").replace("X", "CAPTION"), "not in the order"),
        ("Sure!\n" + whole("a"), "there is text outside of the sections"),
        (whole("a").replace("<CAPTION> a </CAPTION>", "<CAPTION> </CAPTION>"), "the section CAPTION is empty"),
        (whole("a").lower(), "<SUMMARY> is missing"),
    ],
)
def test_a_reply_has_all_sections_once_in_order_and_nothing_else(text: str, fault: str | None) -> None:
    made = sections_fault(text, TAGS)
    assert made is fault if fault is None else fault in str(made)


def test_cut_replies_and_placeholders_are_refused(tmp_path: Path, images: ImageReader) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        choice = {"message": {"content": whole("a")}, "finish_reason": "length"}
        return Answer(completion(whole("an <image>")) if number_of(body) else completion("", choices=[choice]))

    with serving(reply) as server:
        rows, rejected, _ = refined(server, images, tmp_path, 2, tries=1)
    assert rows == []
    assert rejected[0]["reason"] == "the reply was cut off at 2048 tokens"
    assert rejected[1]["reason"] == "expected <image> once, in the first turn"


def test_the_first_answers_of_a_run_are_refined_those_that_are_none_are_listed(images: ImageReader) -> None:
    def asked(name: str, *shown: str) -> Question:
        return Question(name, f"question {name}?", shown, "part")

    pairs = [
        (asked("1", "a.jpg"), "last"),
        (asked("2"), "only"),
        (asked("3"), None),
        (asked("4", "a.jpg", "a.jpg"), "x"),
    ]
    joined = Joined([*pairs, (asked("5"), "")], turns={"1": (Turn("<R> first </R> rest", 2), Turn("last", 2))})
    made = cases_of_answers(joined, settings(after="</R>"), images)
    assert [(case.answer, case.asked, case.question) for case in made[:2]] == [
        ("<R> first </R>", "<image>\nquestion 1?", "question 1?"),
        ("only", "question 2?", "question 2?"),
    ]
    assert [case.fault for case in made] == [
        "",
        "",
        "there is no first answer",
        "a row of LLaVA's has one image, and this question several",
        "an empty turn of gpt",
    ]


def test_texts_that_look_like_fields_stay_as_they_are() -> None:
    wanted = settings(prompt="{question}|{answer}|{other}")
    assert wanted.request("a {answer} b", "{question}") == "a {answer} b|{question}|{other}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first": {"run": "full"}}, "give run and benchmark, or table alone"),
        ({"first": {"run": "full", "benchmark": "pope", "table": "t"}}, "give run and benchmark, or table alone"),
        ({"prompt": "{question}"}, "the prompt shows no {answer}"),
        ({"sections": ["A B"]}, "String should match pattern"),
        ({"tires": 3}, "Extra inputs are not permitted"),
        ({"access": {"key": "sk-0123456789abcdef"}}, "not shown"),
    ],
)
def test_a_mistake_in_the_file_is_named_and_no_key_is_shown(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    keys = {"first": {"table": "t"}, "model": "m", "url": "http://127.0.0.1/v1", "review": "Sure?", **changes}
    with (tmp_path / "refine.yaml").open("w") as file:
        YAML().dump(keys, file)
    with pytest.raises(PipelineError) as raised:
        settings_in(read_yaml(tmp_path / "refine.yaml", YAML()), RefineSettings, tmp_path / "refine.yaml", "x", "y")
    assert message in str(raised.value) and "sk-0" not in str(raised.value)


def test_equal_cases_have_equal_answers(tmp_path: Path, images: ImageReader) -> None:
    def reply(body: dict[str, Any], before: int) -> Answer:
        return Answer(completion(whole(f"reply {before}")))

    with serving(reply) as server:
        wanted = settings(server.url)
        (case,) = cases(1, images, wanted)
        twins = [replace(case, id=f"twin{n}") for n in range(3)]
        first = assembled(twins, Refiner(wanted, images, tmp_path).refine(twins), wanted)[0]
        again = assembled(twins, Refiner(wanted, images, tmp_path).refine(twins), wanted)[0]
    assert first == again and len({json.dumps(row["conversations"]) for row in first}) == 1
