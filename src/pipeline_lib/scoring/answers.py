"""Answers in LLaVA's record or in its ScienceQA result file, joined with their questions by id."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_lines

FAILED = "FAILED"  # what LLaVA's result file says of a question that was not answered


@dataclass(frozen=True)
class Joined:
    """Questions with the answer of each, None where there is none."""

    pairs: list[tuple[Question, str | None]]

    @property
    def missing(self) -> int:
        """Return how many questions have no answer."""
        return sum(answer is None for _, answer in self.pairs)


def join(questions: list[Question], path: Path) -> Joined:
    """Return every question with its answer from a file of `question_id`, `text` and maybe `prompt`, or of `outputs`.

    An answer given twice, to an unknown question or to another prompt raises PipelineError, as does an empty file.
    """
    by_id = {question.id: question for question in questions}
    answers: dict[str, str] = {}
    for where, row in read_answers(path):
        if "question_id" not in row or not isinstance(row.get("text"), str):
            raise PipelineError("an answer needs `question_id` and `text`", where=where, value=row)
        identifier = str(row["question_id"])
        question = by_id.get(identifier)
        if question is None:
            raise PipelineError(
                "an answer to a question that the question file does not hold",
                where=where,
                value=identifier,
                cure="use the question file that was answered, and the protocol by which it was",
            )
        if identifier in answers:
            raise PipelineError("a second answer to the same question", where=where, value=identifier)
        prompt = question.record.get("prompt", question.prompt)
        if row.get("prompt", prompt) != prompt:
            raise PipelineError(
                "this answer belongs to another question of the same id",
                where=where,
                value=f"prompt {row['prompt']!r}, the question file says {prompt!r}",
            )
        answers[identifier] = row["text"]
    if not answers:
        raise PipelineError("no answers", where=path)
    return Joined([(question, answers.get(question.id)) for question in questions])


def model_of(path: Path) -> str | None:
    """Return the digest of the model that gave the answers of a file, None where they do not say or do not agree."""
    models = {(row.get("metadata") or {}).get("model") for _, row in read_answers(path)}
    return models.pop() if len(models) == 1 else None


def read_answers(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every answer record of a file with the place where it stands.

    The file is JSON Lines of records, or LLaVA's ScienceQA result file: one object whose `outputs` has each text by its
    question's id. Its content says which. Another object raises PipelineError.
    """
    result = _result_file(path)
    if result is None:
        for number, row in enumerate(read_lines(path), 1):
            yield f"{path}:{number}", row
        return
    outputs = result.get("outputs")
    if not isinstance(outputs, dict) or not all(isinstance(text, str) for text in outputs.values()):
        raise PipelineError(
            "neither answers as JSON Lines nor LLaVA's result file with the texts of answers under `outputs`",
            where=path,
            value=f"an object with {', '.join(result) or 'nothing'}",
        )
    for name, text in outputs.items():
        if text != FAILED:
            yield f"{path}, outputs, {name}", {"question_id": name, "text": text}


def _result_file(path: Path) -> dict[str, Any] | None:
    """Return the object that the whole file is, None where it is none or an answer record."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_no_key_twice)
    except (OSError, ValueError):
        return None  # the reader of JSON Lines says what is wrong
    return content if isinstance(content, dict) and "question_id" not in content else None


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise PipelineError("a key stands twice in one object", value=[name for name, _ in pairs][:20])
    return found
