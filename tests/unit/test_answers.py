"""Answer files: which belong to their questions, and what is refused with its line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.scoring.answers import join

PROMPT = "Is there a dog?\nAnswer with a word."
QUESTIONS = [Question("1", PROMPT, ("a.jpg",), "all"), Question("2", PROMPT.replace("dog", "cat"), ("a.jpg",), "all")]


def answers(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("prompt", ["", None, "  ", PROMPT, PROMPT + " "])
def test_an_empty_prompt_is_an_absent_one(tmp_path: Path, prompt: str | None) -> None:
    path = answers(tmp_path / "a.jsonl", {"question_id": 1, "prompt": prompt, "text": "Yes"})
    assert join(QUESTIONS, path).pairs[0][1] == "Yes"


def test_where_the_request_is_free_an_answer_may_be_to_another_request(tmp_path: Path) -> None:
    question = replace(QUESTIONS[0], stem="Is there a dog?")
    path = answers(tmp_path / "a.jsonl", {"question_id": 1, "prompt": "Is there a dog? Yes or no?", "text": "Yes"})
    assert join([question], path).missing == 0
    for other in (QUESTIONS[0], replace(question, stem="Is there a cat?")):
        with pytest.raises(PipelineError, match="another question of the same id"):
            join([other], path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": None}, "text: Input should be a valid string, not None"),
        ({"text": 3}, "text: .* not 3"),
        ({"text": ["Yes"]}, "text: "),
        ({"question_id": None}, "question_id: "),
        ({"question_id": True}, "question_id: .* not True"),
        ({"question_id": 1.0}, r"question_id: .* not 1\.0"),
        ({"question_id": [1]}, "question_id: "),
        ({"prompt": 5}, "prompt: "),
        ({"metadata": "x"}, "metadata: .* not 'x'"),
        ({"metadata": ["x"]}, "metadata: "),
    ],
)
def test_a_field_of_another_type_is_refused_with_its_line(tmp_path: Path, change: Any, message: str) -> None:
    right = {"question_id": 1, "text": "Yes"}
    path = answers(tmp_path / "a.jsonl", {"question_id": 2, "text": "No"}, right | change)
    with pytest.raises(PipelineError, match=rf"an answer needs(.|\n)*a\.jsonl:2(.|\n)*{message}"):
        join(QUESTIONS, path)


def test_half_a_character_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"outputs": {"1": "\ud800"}}))
    with pytest.raises(PipelineError, match=r"half of a surrogate pair(.|\n)*a\.json:1"):
        join(QUESTIONS, tmp_path / "a.json")


def test_a_question_file_is_no_answer_file(tmp_path: Path) -> None:
    rows = [{"question_id": int(question.id), "text": question.prompt, "image": "a.jpg"} for question in QUESTIONS]
    with pytest.raises(PipelineError, match=r"these are questions, not answers(.|\n)*q\.jsonl"):
        join(QUESTIONS, answers(tmp_path / "q.jsonl", *rows))
    labels = [row | {"text": row["text"].split("\n")[0], "label": "yes"} for row in rows]
    with pytest.raises(PipelineError, match="these are questions, not answers"):
        join(QUESTIONS, answers(tmp_path / "labels.jsonl", *labels))


def test_a_model_that_repeats_one_question_gave_answers(tmp_path: Path) -> None:
    path = answers(tmp_path / "a.jsonl", {"question_id": 1, "text": PROMPT}, {"question_id": 2, "text": "Yes"})
    assert join(QUESTIONS, path).missing == 0


def test_a_folder_or_nothing_is_no_answer_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.jsonl"):
        with pytest.raises(PipelineError, match="no such file of answers"):
            join(QUESTIONS, path)


@pytest.mark.parametrize("metadata", [{"model": ["x"]}, {"model": {}}, {"model": 1}, {}, None])
def test_metadata_of_others_names_no_model_of_ours(tmp_path: Path, metadata: Any) -> None:
    path = answers(tmp_path / "a.jsonl", {"question_id": 1, "text": "Yes", "metadata": metadata})
    assert join(QUESTIONS, path).model is None
