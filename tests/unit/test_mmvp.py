"""MMVP: letters by protocol, pairs, corrected gold answers, and the table of questions."""

import random
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import mmvp
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.core.errors import PipelineError
from tests.scored import answer_with, asked, of_texts, official_verdicts, score

HEADING = "Index,Question,Options,Correct Answer\n"
ROWS = (
    "1,Are the wings open or closed?,(a) Open (b) Closed,(a)\n",
    "2,Are the wings open or closed?,(a) Open (b) Closed,(b)\n",
    '99,"Long, or short?",(a) Long (b) Short,(a)\n',
    '100,"Long, or short?",(a) Long (b) Short,(b)\n',
)


def write(folder: Path, *rows: str, heading: str = HEADING) -> Files:
    (folder / "Questions.csv").write_text(heading + "".join(rows))
    return Files(folder / "Questions.csv")


@pytest.mark.parametrize("protocol", of_texts(mmvp.PROTOCOLS))
def test_letters_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    options = {"A": "Open", "B": "Closed"}
    rows = official_verdicts("mmvp")
    letters = {row["answer"]: mmvp.SCORER.readers[protocol](row["answer"], options)[0] for row in rows}
    assert {answer: letter if letter in options else None for answer, letter in letters.items()} == {
        row["answer"]: row[protocol] for row in rows
    }


def test_a_row_is_a_question_with_two_options_and_an_image(tmp_path: Path) -> None:
    first, *_ = asked("mmvp", write(tmp_path, *ROWS), "internvl12")
    assert first.prompt == (
        "Are the wings open or closed?\nA. Open\nB. Closed\n"
        "Answer with the option's letter from the given choices directly."
    )
    assert (first.id, first.images, first.options) == ("1", ("MMVP Images/1.jpg",), {"A": "Open", "B": "Closed"})


def test_the_misspelt_heading_of_published_copies_is_read(tmp_path: Path) -> None:
    right = asked("mmvp", write(tmp_path, *ROWS), "internvl12")
    assert asked("mmvp", write(tmp_path, *ROWS, heading="\ufeff" + HEADING), "internvl12") == right
    assert asked("mmvp", write(tmp_path, *ROWS, heading=HEADING.replace("Index", "lndex")), "internvl12") == right


def test_a_pair_is_right_if_both_its_questions_are(tmp_path: Path) -> None:
    files = write(tmp_path, *ROWS)
    pairs = list(zip(asked("mmvp", files, "internvl12"), "ABAA", strict=True))
    metrics = score("mmvp", files, answer_with(tmp_path / "a.jsonl", pairs), "internvl12")["metrics"]
    assert metrics == {"accuracy": 0.5, "accuracy/rows": 0.75}


def test_lmms_eval_has_other_gold_answers_for_four_rows(tmp_path: Path) -> None:
    files = write(tmp_path, *ROWS)
    letters = {protocol: mmvp.gold(files, asked("mmvp", files, protocol), protocol) for protocol in mmvp.PROTOCOLS}
    assert letters["internvl12"] == letters["vlmevalkit"] == {"1": "A", "2": "B", "99": "A", "100": "B"}
    assert letters["lmms_eval"] == {"1": "A", "2": "B", "99": "B", "100": "A"}


@given(st.sampled_from(list(product(["A", "B", "", "b", "(a)"], repeat=4))), st.randoms())
def test_order_does_not_matter_and_an_empty_answer_never_helps(
    tmp_path_factory: pytest.TempPathFactory, texts: tuple[str, ...], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files = write(folder, *ROWS)
    pairs = list(zip(asked("mmvp", files, "lmms_eval"), texts, strict=True))
    metrics = score("mmvp", files, answer_with(folder / "a.jsonl", pairs), "lmms_eval")["metrics"]
    order.shuffle(pairs)
    assert score("mmvp", files, answer_with(folder / "b.jsonl", pairs), "lmms_eval")["metrics"] == metrics
    emptied = [(question, "" if number == 0 else text) for number, (question, text) in enumerate(pairs)]
    others = score("mmvp", files, answer_with(folder / "c.jsonl", emptied), "lmms_eval")["metrics"]
    assert all(others[name] <= value for name, value in metrics.items())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS[:1], r"(?s)not one of a pair.*Questions\.csv.*1"),
        (ROWS[1:3], r"(?s)not one of a pair.*2, 99"),
        (("1,Open?,Open or closed,(a)\n", ROWS[1]), r"(?s)not of the form.*csv:2"),
        (("1,Open?,(a) Open (b) Closed\n", ROWS[1]), r"(?s)a row has Index.*csv:2.*answer"),
        (("1,Open?,(a) Open (b) Closed,(a),x\n", ROWS[1]), r"(?s)more cells.*csv:2"),
        (("x,Open?,(a) Open (b) Closed,(a)\n", ROWS[1]), r"(?s)a row has Index.*csv:2.*index"),
        ((ROWS[0], ROWS[0].replace("wings", "doors"), ROWS[1]), r"(?s)another question of the same id.*csv:3"),
        (("1,Open?,(a) (b) Closed,(a)\n", ROWS[1]), r"(?s)not of the form.*csv:2"),
        (('1,"Open?,(a) Open (b) Closed,(a)\n',), r"(?s)not a CSV table.*csv:2"),
    ],
)
def test_a_hostile_table_is_refused(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        asked("mmvp", write(tmp_path, *rows), "internvl12")


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    table = write(tmp_path, "1,Open?,(a) Open (b) Closed,(a),(b)\n", heading=HEADING.replace("\n", ",Correct Answer\n"))
    with pytest.raises(PipelineError, match=r"(?s)two columns.*same name.*Questions\.csv.*Correct Answer"):
        asked("mmvp", table, "internvl12")


def test_a_row_twice_is_one_question_and_a_wrong_gold_answer_is_refused(tmp_path: Path) -> None:
    assert len(asked("mmvp", write(tmp_path, *ROWS, ROWS[0]), "internvl12")) == 4
    files = write(tmp_path, ROWS[0].replace(",(a)\n", ",(c)\n"), ROWS[1])
    with pytest.raises(PipelineError, match=r"(?s)none of the options.*csv:2"):
        mmvp.gold(files, asked("mmvp", files, "internvl12"), "internvl12")
