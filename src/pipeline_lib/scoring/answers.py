"""Answers in LLaVA's record, joined with their questions by id."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_lines


@dataclass(frozen=True)
class Joined:
    """Questions with the answer of each, None where there is none."""

    pairs: list[tuple[Question, str | None]]

    @property
    def missing(self) -> int:
        """Return how many questions have no answer."""
        return sum(answer is None for _, answer in self.pairs)


def join(questions: list[Question], path: Path) -> Joined:
    """Return every question with its answer from a JSON Lines file of `question_id`, `text` and maybe `prompt`.

    An answer given twice, to an unknown question or to another prompt raises PipelineError, as does an empty file.
    """
    by_id = {question.id: question for question in questions}
    if len(by_id) != len(questions):
        raise PipelineError("the question file repeats an id", value=f"{len(questions)} rows, {len(by_id)} ids")
    answers: dict[str, str] = {}
    for number, row in enumerate(read_lines(path), 1):
        where = f"{path}:{number}"
        if "question_id" not in row or not isinstance(row.get("text"), str):
            raise PipelineError("an answer needs `question_id` and `text`", where=where, value=row)
        identifier = str(row["question_id"])
        question = by_id.get(identifier)
        if question is None:
            raise PipelineError(
                "an answer to a question that the question file does not hold", where=where, value=identifier
            )
        if identifier in answers:
            raise PipelineError("a second answer to the same question", where=where, value=identifier)
        if row.get("prompt", question.prompt) != question.prompt:
            raise PipelineError(
                "this answer belongs to another question of the same id",
                where=where,
                value=f"prompt {row['prompt']!r}, the question file says {question.prompt!r}",
            )
        answers[identifier] = row["text"]
    if not answers:
        raise PipelineError("no answers", where=path)
    return Joined([(question, answers.get(question.id)) for question in questions])


def model_of(path: Path) -> str | None:
    """Return the digest of the model that gave the answers of a file, None where they do not say or do not agree."""
    models = {(row.get("metadata") or {}).get("model") for row in read_lines(path)}
    return models.pop() if len(models) == 1 else None
