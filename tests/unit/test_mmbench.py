"""MMBench: the table as it stands, prompts by protocol, and the circular rule."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import ccbench, mmbench
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.scoring.score import ScoreSettings, score_verdicts
from tests.scored import grade_answers
from tests.unit.mmbench_table import answer, row, write

MILLION = 1_000_000
LETTER = "\nAnswer with the option's letter from the given choices directly."


def settings(protocol: str = "llava15") -> ScoreSettings:
    return ScoreSettings(benchmark="mmbench", protocol=protocol, files=FileNames(questions="q"))


def score(files: Files, answers: Path, protocol: str = "llava15") -> dict[str, Any]:
    return score_verdicts(grade_answers(answers, files, settings(protocol)), settings(protocol))


def test_a_question_is_asked_and_recorded_as_llava_does(tmp_path: Path) -> None:
    files = write(tmp_path / "mmbench_dev.tsv", [row(241, hint="It barks.")])
    (question,) = mmbench.questions(files, "llava15")
    text = "It barks.\nWhat is it?\nA. cat\nB. dog\nC. bird\nD. eel"
    assert (question.id, question.prompt, question.part) == ("241", text + LETTER, "perception/names")
    assert question.images == ("mmbench_dev/241",)
    options = {"options": ["cat", "dog", "bird", "eel"], "option_char": ["A", "B", "C", "D"]}
    assert question.record == {"prompt": text, "round_id": 0, **options}


def test_texts_that_spell_none_are_texts(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, A="None", B="NA", C="null", D="nan", hint="N/A", category="None")])
    (question,) = mmbench.questions(files, "internvl12")
    assert question.options == {"A": "None", "B": "NA", "C": "null", "D": "nan"}
    assert question.prompt.startswith("N/A\nWhat is it?\nA. None\nB. NA") and question.part == "perception/None"


@pytest.mark.parametrize(
    ("options", "llava", "internvl"),
    [
        ({"C": "None"}, "AB", "ABCD"),
        ({"C": "NAN"}, "AB", "ABCD"),
        ({"C": "none of them"}, "ABCD", "ABCD"),
        ({"C": ""}, "AB", "ABD"),
        ({"C": "", "D": ""}, "AB", "AB"),
        ({"A": "None"}, "", "ABCD"),
    ],
)
def test_llava_cuts_the_options_at_the_first_none(
    tmp_path: Path, options: dict[str, str], llava: str, internvl: str
) -> None:
    files = write(tmp_path / "t.tsv", [row(1, "B", **options)])
    for protocol, letters in (("llava15", llava), ("internvl12", internvl)):
        (question,) = mmbench.questions(files, protocol)
        lines = question.prompt.removesuffix(LETTER).split("\n")[1:]
        assert "".join(line[0] for line in lines) == letters
        assert mmbench.SCORER.grade(question, "B", "B", protocol).value == 1


def test_a_none_that_is_the_answer_can_be_said_although_it_is_not_asked(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, "D", D="None")])
    assert score(files, answer(tmp_path / "a.jsonl", {1: "D"}))["metrics"]["accuracy"] == 1.0


def test_a_hint_that_is_none_is_left_out(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, hint="nan"), row(2)])
    assert [q.prompt.split("\n")[0] for q in mmbench.questions(files, "llava15")] == ["What is it?"] * 2
    assert [q.prompt.split("\n")[0] for q in mmbench.questions(files, "internvl12")] == ["nan", "What is it?"]


# Indices with the letter said to each (B is right), and the expected accuracies: circular, unrotated, of rows.
CIRCULAR = [
    ({1: "B", 1 + MILLION: "B"}, 1.0, 1.0, 1.0),
    ({1: "B", 1 + MILLION: "A"}, 0.0, 1.0, 0.5),
    ({1: "B", 1 + MILLION: "B", 1 + 2 * MILLION: "B", 2: "A"}, 0.5, 0.5, 0.75),  # groups of three and of one
    ({1: "B", 1 + 3 * MILLION: "B", 1 + 5 * MILLION: "B"}, 1.0, 1.0, 1.0),  # copies 1, 2 and 4 are not in the file
    ({1: "B", 1 + MILLION: None, 2: "A", 2 + MILLION: "A"}, 0.0, 0.5, 1 / 3),  # the first group does not count
    ({1: None, 1 + MILLION: "B", 2: "B"}, 1.0, 1.0, 1.0),
    ({1: "B", 1 + MILLION: "nothing"}, 0.0, 1.0, 0.5),
    ({0: "B", MILLION: "B"}, 1.0, 1.0, 1.0),
    ({1 + MILLION: "B", 1 + 2 * MILLION: "B"}, 1.0, None, 1.0),  # no row is unrotated
    ({1: "B", 1 + MILLION: None}, None, 1.0, 1.0),  # no group is answered in full
]


@pytest.mark.parametrize(("said", "circular", "unrotated", "rows"), CIRCULAR)
def test_a_group_is_right_when_every_row_is(
    tmp_path: Path, said: dict[int, str | None], circular: float | None, unrotated: float | None, rows: float
) -> None:
    files = write(tmp_path / "t.tsv", [row(index) for index in reversed(said)])
    texts = {index: text for index, text in said.items() if text is not None}
    metrics = score(files, answer(tmp_path / "a.jsonl", texts))["metrics"]
    found = [metrics[name] for name in ("accuracy", "accuracy/unrotated", "accuracy/rows")]
    assert found == pytest.approx([circular, unrotated, rows])


def test_categories_and_their_families_have_circular_accuracies(tmp_path: Path) -> None:
    rows = [
        row(1),
        row(1 + MILLION),
        row(2, category="places"),
        row(3, category="counts", **{"l2-category": "reasoning"}),
        row(3 + MILLION, category="other", **{"l2-category": "reasoning"}),  # a copy belongs to its group's first row
    ]
    files = write(tmp_path / "t.tsv", rows)
    texts = {1: "B", 1 + MILLION: "A", 2: "B", 3: "B", 3 + MILLION: "B"}
    metrics = score(files, answer(tmp_path / "a.jsonl", texts))["metrics"]
    assert metrics == {
        "accuracy": pytest.approx(2 / 3),
        "accuracy/unrotated": 1.0,
        "accuracy/rows": 0.8,
        "accuracy/perception": 0.5,
        "accuracy/perception/names": 0.0,
        "accuracy/perception/places": 1.0,
        "accuracy/reasoning": 1.0,
        "accuracy/reasoning/counts": 1.0,
        "accuracy/reasoning/other": None,
    }


def test_intervals_are_over_groups(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(7 + copy * MILLION) for copy in range(4)])
    scored = score(files, answer(tmp_path / "a.jsonl", {7: "B", 7 + MILLION: "A", 7 + 2 * MILLION: "B"}))
    assert scored["interval"]["accuracy/rows"] == [round(2 / 3, 10)] * 2  # one group: every draw is the same


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(0, 4)), st.sampled_from(["B", "A", "dog", "?", None]), min_size=1
    )
)
def test_the_accuracies_are_those_of_a_plain_loop(
    tmp_path_factory: pytest.TempPathFactory, drawn: dict[tuple[int, int], str | None]
) -> None:
    assume(any(drawn.values()))
    root = tmp_path_factory.mktemp("drawn")
    files = write(root / "t.tsv", [row(group + copy * MILLION) for group, copy in drawn])
    said = {group + copy * MILLION: text for (group, copy), text in drawn.items() if text}
    groups = defaultdict(list)
    for (group, _), text in drawn.items():
        groups[group].append(None if text is None else text in ("B", "dog"))
    whole = [all(hits) for hits in groups.values() if None not in hits]
    unrotated = [text in ("B", "dog") for (_, copy), text in drawn.items() if text and copy == 0]
    rows = [text in ("B", "dog") for text in drawn.values() if text]
    expected = [sum(hits) / len(hits) if hits else None for hits in (whole, unrotated, rows)]
    metrics = score(files, answer(root / "a.jsonl", said))["metrics"]
    assert [metrics[name] for name in ("accuracy", "accuracy/unrotated", "accuracy/rows")] == pytest.approx(expected)


def test_unparsed_answers_are_counted_and_named(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(index) for index in range(1, 5)])
    answers = answer(tmp_path / "a.jsonl", {1: "B", 2: "a dog", 3: "who knows", 4: "Cannot determine the answer"})
    verdicts = grade_answers(answers, files, settings())
    assert [(v.grade.rule, v.grade.status) for v in verdicts] == [
        ("word", "ok"), ("text", "ok"), ("none", "unparsed"), ("refusal", "unparsed"),
    ]  # fmt: skip
    assert score_verdicts(verdicts, settings())["unparsed"] == 2


def test_internvl_reads_by_its_own_rules_first(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, "A")])
    answers = answer(tmp_path / "a.jsonl", {1: "All of it is a dog"})
    assert score(files, answers, "internvl12")["metrics"]["accuracy"] == 1.0
    assert score(files, answers, "llava15")["metrics"]["accuracy"] == 0.0


def test_a_split_without_answers_is_not_scored_but_submitted(tmp_path: Path) -> None:
    answers = answer(tmp_path / "a.jsonl", {1: "B"})
    for files in (write(tmp_path / "a.tsv", [row(1)], without=("answer",)), write(tmp_path / "b.tsv", [row(1, "")])):
        with pytest.raises(PipelineError, match=r"no answers(.|\n)*submit the xlsx"):
            score(files, answers)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("index\tquestion\tA\tB\timage\n", "lacks columns or rows"),
        ("index\tquestion\tA\timage\n1\tq\ta\tAA\n", r"lacks columns or rows(.|\n)*'B'"),
        ("index\tquestion\tA\tB\timage\n1\tq\ta\tb\n", r"row 1(.|\n)*without image"),
        ("index\tquestion\tA\tB\timage\n1\tq\ta\tb\tAA\tmore\n", "cannot be read"),
        ("index\tquestion\tA\tB\timage\n1\tq\ta\tb\tAA\n2\tq\ta\tb\tAA\tmore\n", "cannot be read"),
        ('index\tquestion\tA\tB\timage\n1\t"q\ta\tb\tAA\n', "cannot be read"),
        (
            'index\tquestion\tA\tB\timage\n1\t"q\ta\tb\tAA\n2\tq"\ta\tb\tAA\n',
            r"row 1(.|\n)*swallowed|swallowed(.|\n)*row 1",
        ),
        ('index\tquestion\tA\tB\timage\n1\tq\ta\tb\tAA\n2\t"q\ta"\tb\tAA\n', "swallowed"),
        (
            "index\tquestion\tA\tB\timage\n" + '1\t"q\ta\tb\tAA\n' * 3 + '2\t"so"\ta\tb\tAA\n',
            "swallowed|cannot be read",
        ),
        ("index\tquestion\tA\tB\timage\nNone\tq\ta\tb\tAA\n", r"whole number(.|\n)*'None'"),
        ("index\tquestion\tA\tB\timage\n1.0\tq\ta\tb\tAA\n", r"whole number(.|\n)*'1\.0'"),
        ("index\tquestion\tA\tB\timage\n01\tq\ta\tb\tAA\n", r"whole number(.|\n)*'01'"),
        ("index\tquestion\tA\tB\timage\n\u0661\tq\ta\tb\tAA\n", "whole number"),
        ("index\tquestion\tA\tB\timage\n-1\tq\ta\tb\tAA\n", "whole number"),
        ("index\tquestion\tA\tB\timage\n\tq\ta\tb\tAA\n", "without index"),
        ("index\tquestion\tA\tB\timage\n" + "9" * 5000 + "\tq\ta\tb\tAA\n", "whole number"),
        ("index\tquestion\tA\tB\tA\timage\n1\tq\ta\tb\tc\tAA\n", "same name"),
        ("index\tquestion\tA\tB\timage\n1\tq\ta\0\tb\tAA\n", r"NUL(.|\n)*t\.tsv:2"),
        ("index\tquestion\tA\tB\timage\tanswer\n1\tq\ta\tb\tAA", r"ends within a row(.|\n)*t\.tsv:2"),
    ],
)
def test_a_hostile_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(PipelineError, match=message):
        mmbench.questions(Files(tmp_path / "t.tsv"), "llava15")


def test_hostile_rows_are_refused(tmp_path: Path) -> None:
    answers = answer(tmp_path / "a.jsonl", {1: "B"})
    with pytest.raises(PipelineError, match="repeats an id"):
        score(write(tmp_path / "twice.tsv", [row(1), row(1)]), answers)
    with pytest.raises(PipelineError, match=r"none of the options(.|\n)*index 1: 'E'"):
        score(write(tmp_path / "beyond.tsv", [row(1, "E")]), answers)
    (tmp_path / "bytes.tsv").write_bytes(b"index\tquestion\n\xff\xfe")
    with pytest.raises(PipelineError, match=r"not UTF-8(.|\n)*bytes\.tsv:2"):
        mmbench.questions(Files(tmp_path / "bytes.tsv"), "llava15")
    with pytest.raises(PipelineError, match="file not found"):
        mmbench.questions(Files(tmp_path / "none.tsv"), "llava15")


@pytest.mark.parametrize("gold", ["E", "b", "B ", "nan", "None", "", "cat", "1", "AB"])
def test_a_gold_answer_that_is_no_option_is_refused_with_its_row(tmp_path: Path, gold: str) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2, gold)])
    with pytest.raises(PipelineError, match=rf"t\.tsv, row 2(.|\n)*index 2: '{gold}' of A, B, C, D"):
        score(files, answer(tmp_path / "a.jsonl", {1: "B"}))


def test_quotes_newlines_and_tabs_stand_in_their_cells(tmp_path: Path) -> None:
    question = 'Who said "so"\nand\twhy?'
    (found,) = mmbench.questions(write(tmp_path / "t.tsv", [row(1, question=question)]), "llava15")
    assert found.prompt.startswith(question + "\nA. cat")


def test_a_table_with_few_columns_is_enough_for_its_questions(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("index\tquestion\tA\tB\tE\timage\n7\tq\ta\tb\te\tAA\n")
    (question,) = mmbench.questions(Files(tmp_path / "t.tsv"), "internvl12")
    assert (question.part, question.prompt) == ("all", "q\nA. a\nB. b\nE. e" + LETTER)


@pytest.mark.parametrize(
    ("benchmark", "protocol"), [("mmbench_cn", "llava15"), ("mmbench_cn", "internvl12"), ("ccbench", "internvl12")]
)
def test_chinese_tables_are_asked_with_a_request_in_chinese(tmp_path: Path, benchmark: str, protocol: str) -> None:
    files = write(tmp_path / "q.tsv", [row(1, question="图中是什么?", hint="动物")])
    (question,) = load("benchmarks", benchmark).questions(files, protocol)
    assert question.prompt == "动物\n图中是什么?\nA. cat\nB. dog\nC. bird\nD. eel\n请直接回答选项字母。"
    assert question.record["prompt"] == question.prompt.removesuffix("\n请直接回答选项字母。")


def test_ccbench_is_submitted_as_internvl_writes_it(tmp_path: Path) -> None:
    files = write(tmp_path / "q.tsv", [row(7)], without=("hint", "source", "l2-category", "comment"))
    questions = ccbench.questions(files, "internvl12")
    (tmp_path / "a.xlsx").write_bytes(ccbench.submission(files, [(questions[0], "B. dog")], "internvl12").content)
    table = pd.read_excel(tmp_path / "a.xlsx")
    assert [*table.columns] == ["index", "question", "A", "B", "C", "D", "answer", "split", "prediction"]
    assert table.prediction.tolist() == ["B"]
