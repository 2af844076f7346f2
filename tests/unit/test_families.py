"""What benchmarks share: protocols as tables, multiple choice from a file, composed metrics."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.benchmarks.base import Files, Grade, Question, Verdict
from pipeline_lib.benchmarks.families.choice import ChoiceGold, ChoiceQuestions, JsonLines, LetterScorer
from pipeline_lib.benchmarks.families.counting import Accuracy, Counted
from pipeline_lib.benchmarks.families.protocols import CHOICE, CHOICE_READERS, NAMES
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names
from pipeline_lib.job.code.digest import reach
from tests.project import ROOT

ROW = {
    "question_id": 7,
    "question": "Which?",
    "choices": ["eel", "cat"],
    "answer": "B",
    "image": "a.png",
    "note": "Old.",
}
ROWS = JsonLines(hint="note")
LETTER = "Answer with the option's letter from the given choices directly."
PROMPTS = {
    "llava15": f"Old.\nWhich?\nA. eel\nB. cat\n{LETTER}",
    "internvl12": f"Old.\nWhich?\nA. eel\nB. cat\n{LETTER}",
    "lmms_eval": f"Old.\nWhich?\nA. eel\nB. cat\n{LETTER}",
    "first_token": f"Old.\nWhich?\nA. eel\nB. cat\n{LETTER}",
    "vlmevalkit": "Hint: Old.\nQuestion: Which?\nOptions:\nA. eel\nB. cat\n"
    "Please select the correct answer from the options above. \n",
}


def write(folder: Path, *rows: dict[str, Any]) -> Files:
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Files(folder / "q.jsonl")


@pytest.mark.parametrize("protocol", CHOICE)
def test_a_protocol_words_a_question_and_reads_its_answer(tmp_path: Path, protocol: str) -> None:
    (question,) = ChoiceQuestions(ROWS, CHOICE)(write(tmp_path, ROW), protocol)
    assert question.prompt == PROMPTS[protocol]
    assert (question.id, question.images, question.options) == ("7", ("a.png",), {"A": "eel", "B": "cat"})
    scorer = LetterScorer(readers=CHOICE_READERS)
    assert scorer.grade(question, "B", "B", protocol).value == 1
    assert scorer.grade(question, "B", "?!", protocol) == Grade(0, None, "none", "unparsed")


@pytest.mark.parametrize("answer", ["B", 1])
def test_gold_is_a_letter_or_the_number_of_a_choice(tmp_path: Path, answer: str | int) -> None:
    assert ChoiceGold(ROWS)(write(tmp_path, ROW | {"answer": answer}), [], "llava15") == {"7": "B"}


@pytest.mark.parametrize("answer", ["C", "b", "cat", 2])
def test_gold_that_is_no_choice_is_refused_with_its_line(tmp_path: Path, answer: str | int) -> None:
    with pytest.raises(PipelineError, match=r"(?s)none of the options.*q\.jsonl:2"):
        ChoiceGold(ROWS)(write(tmp_path, ROW, ROW | {"answer": answer}), [], "llava15")


@pytest.mark.parametrize(
    "row", [{"question_id": 7}, ROW | {"choices": []}, ROW | {"choices": "ab"}, ROW | {"answer": -1}]
)
def test_a_row_without_its_keys_is_refused_with_its_line(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=r"(?s)a question needs `question_id`, `question`.*q\.jsonl:1"):
        ChoiceQuestions(ROWS, CHOICE)(write(tmp_path, row), "llava15")


@pytest.mark.parametrize("name", names("benchmarks"))
def test_every_protocol_of_a_benchmark_is_known_and_has_a_reader(name: str) -> None:
    module = load("benchmarks", name)
    assert module.PROTOCOLS.keys() <= NAMES.keys() & module.SCORER.readers.keys()


@pytest.mark.parametrize("name", names("benchmarks"))
def test_no_prediction_depends_on_scorers_gold_uploads_or_the_origin_of_data(name: str) -> None:
    others = {"comparers", "counting", "data", "mme_lists", "mmmu_answers", "uploads", "vqa", "vqa_gold", "yes_no"}
    others |= {"judge_prompts", "judge_replies", "judge_scorer", "judging", "mathvista_answers", "mathvista_groups"}
    others |= {"mathvista_matches", "spice"}
    asked = reach(ROOT / "workflow_scripts/predict.py", f"pipeline_lib.benchmarks.{name}:questions").modules
    assert {f"pipeline_lib.benchmarks.families.{other}" for other in others}.isdisjoint(asked)


def test_no_benchmark_compares_protocols() -> None:
    files = (ROOT / "src/pipeline_lib/benchmarks").rglob("*.py")
    ladders = [path.name for path in files if re.search(r"protocol (==|!=|in \()|match protocol", path.read_text())]
    assert ladders == []


def verdict(name: str, value: float, part: str = "x/a") -> Verdict:
    return Verdict(Question(name, "?", (f"{name[0]}.png",), part), "B", "B", Grade(value, "B", "rule"))


def metrics(verdicts: list[Verdict], *counts: Accuracy) -> dict[str, float]:
    scorer = Counted(counts)
    parts = sorted({each.question.part for each in verdicts})
    return {
        name: float(each) for name, each in scorer.metrics(scorer.tally(verdicts, parts).sum(axis=0), parts).items()
    }


def test_grades_between_0_and_1_are_averaged_over_all_and_by_part() -> None:
    verdicts = [verdict("a1", 0.25), verdict("a2", 1.0), verdict("b1", 0.5, "x/b")]
    assert metrics(verdicts, Accuracy("score", by_part=True)) == {
        **{"score": pytest.approx(1.75 / 3), "score/x": pytest.approx(1.75 / 3), "score/x/a": 0.625, "score/x/b": 0.5}
    }


def test_a_group_has_the_lowest_grade_of_its_questions() -> None:
    verdicts = [verdict("a1", 0.25), verdict("a2", 1.0), verdict("b1", 1.0), verdict("b2", 1.0)]
    pairs = Accuracy("pairs", group=lambda question: question.images[0])
    assert metrics(verdicts, Accuracy(), pairs) == {"accuracy": 0.8125, "pairs": 0.625}
