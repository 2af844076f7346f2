"""CMMMU: letters, judgements and blanks by protocol, draws, files; and real responses with their verdicts."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import cmmmu
from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.core.errors import PipelineError
from tests.recordings import sample_of, write_lines
from tests.scored import answer_with, asked, official_verdicts, score

ABOUT = {"category": "商业", "subcategory": "经济", "analysis": None}
CHOICE = {
    **ABOUT,
    "id": 10707,
    "type": "选择",
    "question": '<img="q_10707_001.PNG"><img="q_10707_002.PNG">中正确的是（）',
    "option1": "①③",
    "option2": "①④",
    "option3": "②③",
    "option4": "②④",
    "answer": "BD",
    "img_list": ["q_10707_001.PNG", "q_10707_002.PNG"],
}
STATEMENT = {
    **ABOUT,
    "id": 9215,
    "type": "判断",
    "question": '图<img="a.png">是塔。',
    "answer": "对",
    "img_list": ["a.png"],
}
BLANK = {
    **ABOUT,
    "id": 1241,
    "type": "填空",
    "question": '如<img="b.png">，成本是___。',
    "answer": "237",
    "img_list": ["b.png"],
}


def write(folder: Path, *rows: dict[str, Any]) -> Files:
    (folder / "cmmmu-data-val/business").mkdir(parents=True, exist_ok=True)
    write_lines(folder / "cmmmu-data-val/business/business.jsonl", list(rows))
    return Files(folder / "cmmmu-data-val")


@pytest.mark.parametrize("protocol", cmmmu.PROTOCOLS)
def test_letters_and_judgements_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    for row in (row for row in official_verdicts("cmmmu") if "options" in row):
        letters, rule = cmmmu.SCORER.readers[protocol](row["answer"], row["options"])
        assert (letters, rule == "none") == (row[protocol], protocol in row["drawn"]), row


@pytest.mark.parametrize("protocol", cmmmu.PROTOCOLS)
def test_blanks_are_graded_as_the_official_code_grades_them(protocol: str) -> None:
    rows = [row for row in official_verdicts("cmmmu") if "gold" in row]
    grades = [cmmmu.SCORER.graders[protocol](row["answer"], row["gold"]).value for row in rows]
    assert list(zip(grades, rows, strict=True)) == [(row[protocol], row) for row in rows]


def test_recorded_responses_of_yi_vl_get_the_official_verdicts() -> None:
    options = {"选择": dict(zip("ABCD", "甲乙丙丁", strict=True)), "判断": {"对": "对", "错": "错"}, "填空": {}}
    for row in sample_of("cmmmu")["rows"]:
        question = Question(str(row["id"]), "", (), "", options[row["type"]])
        grade = cmmmu.SCORER.grade(question, row["gold"], row["response"], "official")
        assert (None if grade.rule == "random" else grade.value) == row["official"], row


def test_a_question_is_asked_in_the_words_of_its_type(tmp_path: Path) -> None:
    choice, statement, blank = asked("cmmmu", write(tmp_path, CHOICE, STATEMENT, BLANK), "lmms_eval")
    assert choice.prompt == (
        "请回答以下多项选择题，并选出正确选项。这些题目可能包括单选和多选题型。如果所提供的信息不足以确定一个明确的答案，"
        "那么请根据可用的数据和你的判断来选择最可能正确的选项。\n\n"
        "问题：<图片 1><图片 2>中正确的是（）\n选项：\n(A) ①③\n(B) ①④\n(C) ②③\n(D) ②④\n\n正确答案：\n"
    )
    assert statement.prompt.endswith("做出最可能的判断。\n\n问题：图<图片 1>是塔。\n正确答案：\n")
    assert blank.prompt.endswith("填写最合理的答案。\n\n问题：如<图片 1>，成本是___。\n正确答案：\n")
    assert (choice.id, choice.part) == ("10707", "商业/经济")
    folder = "cmmmu-data-val/business"
    assert choice.images == (f"{folder}/q_10707_001.PNG", f"{folder}/q_10707_002.PNG")
    assert blank.images == (f"{folder}/b.png",)


def test_one_file_has_its_images_beside_it(tmp_path: Path) -> None:
    write(tmp_path, BLANK)
    (question,) = asked("cmmmu", Files(tmp_path / "cmmmu-data-val/business/business.jsonl"), "official")
    assert question.images == ("b.png",)


def test_all_letters_of_a_choice_must_be_right(tmp_path: Path) -> None:
    files = write(tmp_path, CHOICE, STATEMENT, BLANK)
    for texts, accuracy in (
        (("(B)(D)", "正确", "答案为237元"), 1),
        (("(B)", "错", "238"), 0),
        (("DB", "对", ""), 2 / 3),
    ):
        pairs = list(zip(asked("cmmmu", files, "official"), texts, strict=True))
        scored = score("cmmmu", files, answer_with(tmp_path / "a.jsonl", pairs), "official")
        assert scored["metrics"] == {
            name: pytest.approx(accuracy) for name in ("accuracy", "accuracy/商业", "accuracy/商业/经济")
        }


def test_an_empty_choice_is_wrong_in_the_official_code_and_drawn_in_its_port() -> None:
    question = Question("1", "", (), "", {"A": "x", "B": "y", "C": "z", "D": "w"})
    official, port = (cmmmu.SCORER.grade(question, "A", "", protocol) for protocol in ("official", "lmms_eval"))
    assert (official.value, official.rule, official.status) == (0, "empty", "unparsed")
    assert (port.rule, port.status) == ("random", "unparsed")


def test_a_statement_without_a_judgement_is_drawn_by_its_id() -> None:
    statements = [Question(str(number), "", (), "", cmmmu.JUDGEMENTS) for number in range(40)]
    draws = [cmmmu.SCORER.grade(each, "对", "无法判断", "official") for each in statements]
    assert {grade.rule for grade in draws} == {"random"} and {grade.value for grade in draws} == {0, 1}
    assert draws == [cmmmu.SCORER.grade(each, "对", "", "official") for each in statements]


@given(
    st.lists(st.sampled_from(["(B)(D)", "B", "对", "错", "是237", "237。", "x"]), min_size=3, max_size=3), st.randoms()
)
def test_order_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files = write(folder, CHOICE, STATEMENT, BLANK)
    pairs = list(zip(asked("cmmmu", files, "official"), texts, strict=True))
    metrics = score("cmmmu", files, answer_with(folder / "a.jsonl", pairs), "official")["metrics"]
    order.shuffle(pairs)
    assert score("cmmmu", files, answer_with(folder / "b.jsonl", pairs), "official")["metrics"] == metrics


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (CHOICE | {"answer": "AE"}, r"(?s)none of the options.*business\.jsonl:1.*10707: 'AE' of A, B, C, D"),
        (STATEMENT | {"answer": "是"}, r"(?s)none of the options.*9215"),
        (BLANK | {"answer": None}, r"(?s)none of the options.*1241: None.*submit"),
        (BLANK | {"type": "问答"}, r"(?s)no question of CMMMU.*business\.jsonl:1.*type"),
        (BLANK | {"id": "x"}, r"(?s)no question of CMMMU.*id"),
        (BLANK | {"category": None}, r"(?s)no question of CMMMU.*category"),
        (BLANK | {"answer": " "}, r"(?s)an empty gold answer.*business\.jsonl:1.*1241"),
        (BLANK | {"img_list": []}, r"(?s)lacks an image.*business\.jsonl:1.*1241: b\.png"),
        (CHOICE | {f"option{n}": "" for n in (1, 2, 3, 4)}, r"(?s)a choice needs options.*business\.jsonl:1.*10707"),
    ],
)
def test_a_hostile_row_is_refused(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    files = write(tmp_path, row)
    with pytest.raises(PipelineError, match=message):
        cmmmu.gold(files, asked("cmmmu", files, "official"), "official")


def test_a_row_twice_is_one_question_and_one_that_differs_is_refused(tmp_path: Path) -> None:
    assert len(asked("cmmmu", write(tmp_path, BLANK, BLANK), "official")) == 1
    with pytest.raises(PipelineError, match=r"(?s)another question of the same id.*jsonl:2.*1241"):
        asked("cmmmu", write(tmp_path, BLANK, BLANK | {"answer": "1"}), "official")


def test_the_submission_has_the_raw_responses(tmp_path: Path) -> None:
    files = write(tmp_path, CHOICE, BLANK)
    answers: list[tuple[Question, str | None]] = list(
        zip(asked("cmmmu", files, "official"), ["(B)", None], strict=True)
    )
    content = cmmmu.submission(files, answers, "official").decode()
    assert [json.loads(line) for line in content.splitlines()] == [{"id": 10707, "type": "选择", "response": "(B)"}]
