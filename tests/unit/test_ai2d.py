"""AI2D: letters by protocol, and the question file, whose questions hold their options."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import ai2d
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.core.errors import PipelineError
from tests.recordings import write_lines
from tests.scored import answer_with, asked, of_texts, official_verdicts, score

REQUEST = "Please answer the question based on the options mentioned before."
ROW = {
    "question_id": 0,
    "image": "data/ai2diagram/AI2D_TEST/0.png",
    "question": f"Which stage is it?\nLook at A. B.\nA. larva\nB. adult\nC. egg\n{REQUEST}",
    "answer": "B",
}


def write(folder: Path, *rows: dict[str, Any]) -> Files:
    write_lines(folder / "q.jsonl", list(rows))
    return Files(folder / "q.jsonl")


@pytest.mark.parametrize("protocol", of_texts(ai2d.PROTOCOLS))
def test_letters_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    options = {"A": "larva", "B": "adult", "C": "egg", "D": "pupa"}
    rows = official_verdicts("ai2d")
    letters = {row["answer"]: ai2d.SCORER.readers[protocol](row["answer"], options)[0] for row in rows}
    assert {answer: letter if letter in options else None for answer, letter in letters.items()} == {
        row["answer"]: row[protocol] for row in rows
    }


def test_internvl_asks_as_the_file_does_and_others_in_their_words(tmp_path: Path) -> None:
    files = write(tmp_path, ROW)
    prompts = {protocol: asked("ai2d", files, protocol)[0].prompt for protocol in ai2d.PROTOCOLS}
    question, options = "Which stage is it?\nLook at A. B.", "A. larva\nB. adult\nC. egg\n"
    assert prompts == {
        "internvl12": ROW["question"],
        "lmms_eval": f"{question}\n{options}Answer with the option's letter from the given choices directly.",
        "first_token": f"{question}\n{options}Answer with the option's letter from the given choices directly.",
        "vlmevalkit": f"Question: {question}\nOptions:\n{options}Please select the correct answer from the options above. \n",
    }


def test_a_row_has_an_image_options_and_a_gold_letter(tmp_path: Path) -> None:
    files = write(tmp_path, ROW)
    (question,) = asked("ai2d", files, "internvl12")
    assert (question.id, question.images) == ("0", ("AI2D_TEST/0.png",))
    assert question.options == {"A": "larva", "B": "adult", "C": "egg"}
    assert ai2d.gold(files, [question], "internvl12") == {"0": "B"}


@given(st.lists(st.sampled_from(["B", "b", "(B)", "", "A."]), min_size=3, max_size=3), st.randoms())
def test_order_does_not_matter_and_an_empty_answer_never_helps(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files = write(folder, ROW, ROW | {"question_id": 1}, ROW | {"question_id": 2, "answer": "A"})
    pairs = list(zip(asked("ai2d", files, "lmms_eval"), texts, strict=True))
    metrics = score("ai2d", files, answer_with(folder / "a.jsonl", pairs), "lmms_eval")["metrics"]
    order.shuffle(pairs)
    assert score("ai2d", files, answer_with(folder / "b.jsonl", pairs), "lmms_eval")["metrics"] == metrics
    emptied = [(question, "" if number == 0 else text) for number, (question, text) in enumerate(pairs)]
    others = score("ai2d", files, answer_with(folder / "c.jsonl", emptied), "lmms_eval")["metrics"]
    assert others["accuracy"] <= metrics["accuracy"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROW | {"question": "Which?"}], r"(?s)no options.*q\.jsonl:1"),
        ([ROW | {"answer": "D"}], r"(?s)none of the options.*q\.jsonl:1"),
        ([ROW | {"answer": 1}], r"(?s)no question of AI2D.*q\.jsonl:1.*answer"),
        ([ROW, ROW, ROW | {"answer": "A"}], r"(?s)another question of the same id.*q\.jsonl:3"),
    ],
)
def test_a_hostile_row_is_refused(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        ai2d.gold(write(tmp_path, *rows), [], "internvl12")


def test_a_row_twice_is_one_question(tmp_path: Path) -> None:
    assert len(asked("ai2d", write(tmp_path, ROW, ROW), "internvl12")) == 1
