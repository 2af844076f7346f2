"""Grades and verdicts: values between 0 and 1, gold of any JSON kind, and answers that failed."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline_lib.benchmarks.base import FileNames, Grade, Question, Verdict, by_image
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.verdicts import write_verdicts
from tests.scored import scored_answers
from tests.unit.test_pope import write_benchmark


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_grade_is_between_0_and_1(value: float) -> None:
    assert Grade(0.3, None, "soft").value == 0.3
    with pytest.raises(ValueError, match="from 0 to 1"):
        Grade(value, None, "soft")


def test_the_table_of_verdicts_has_gold_of_any_kind_and_all_images(tmp_path: Path) -> None:
    question = Question("1", "Same?", ("a.png", "b.png"), "pairs")
    verdicts = [
        Verdict(question, ["cat", "tom"], "tom", Grade(0.5, "tom", "soft")),
        Verdict(question, {"x": 1}, None, Grade(0, None, "none", "failed")),
        Verdict(question, "yes", "No", Grade(0, [0, 1.5], "box")),
    ]
    write_verdicts(tmp_path / "v.parquet", verdicts)
    rows = pq.read_table(tmp_path / "v.parquet").to_pylist()
    assert [row["gold"] for row in rows] == ['["cat","tom"]', '{"x":1}', "yes"]
    assert [row["extracted"] for row in rows] == ["tom", None, "[0,1.5]"]
    assert [(row["grade"], row["status"]) for row in rows] == [(0.5, "ok"), (0.0, "failed"), (0.0, "ok")]
    assert rows[0]["images"] == ["a.png", "b.png"]


def test_questions_about_the_same_images_are_drawn_together() -> None:
    first, second = (Question(name, "Same?", ("a.png", "b.png"), "pairs") for name in "12")
    assert by_image(first) == by_image(second) != by_image(Question("3", "Same?", ("a.png",), "pairs"))
    assert by_image(Question("4", "Why?", (), "text")) == "4"


def test_a_failed_answer_is_no_wrong_answer(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    rows = [json.loads(line) for line in files.questions.read_text().splitlines()]
    answers = [{"question_id": row["question_id"], "text": "Yes"} for row in rows]
    answers[0] |= {"text": "", "status": "failed"}
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(answer) + "\n" for answer in answers[:-1]))
    settings = ScoreSettings(benchmark="pope", files=FileNames(questions="q", gold="g"))
    scored = scored_answers(path, files, settings).score
    assert (scored["n"], scored["failed"], scored["missing"], scored["unparsed"]) == (24, 1, 1, 0)
    assert scored["coverage"] == round(22 / 24, 10)
    assert scored["marks"]["missing"] == "2 of 24 questions have no answer"
