"""Read answers from LLaVA's records, its ScienceQA result file or a server's spreadsheet, and join them by id."""

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Iterable, Iterator, Literal, Mapping

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import LARGEST
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, parse_row
from pipeline_lib.core.reading import numbered_lines
from pipeline_lib.core.text import read_json, read_rows_with_place
from pipeline_lib.scoring.spreadsheet import is_spreadsheet, read_predictions

FAILED = "FAILED"  # the text of an unanswered question in LLaVA's result file


@dataclass(frozen=True)
class Turn:
    """One of several answers to a question: its text, None if it failed, and what its record states about it.

    `tokens` is None where it states no count. `until` is the text behind which the answer ends, if one is set.
    """

    text: str | None
    tokens: int | None
    until: str | None = None


@dataclass(frozen=True)
class Joined:
    """Questions, each with its answer or None; `failed` are the ids of those whose records say that a model failed.

    `model` is the digest of the model, or what an endpoint says of its model, as far as all records state the same.
    `answer_ids` has the ids of answers, which a
    judge's replies may name, by the ids of the questions in the records.
    `turns` has all answers of every record, the last one included, by the id of the question; it is empty if no record
    has more than one. `notes` say what the file leaves open.
    """

    pairs: list[tuple[Question, str | None]]
    failed: frozenset[str] = frozenset()
    model: JsonValue = None
    answer_ids: Mapping[str, str] = field(default_factory=dict)
    turns: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """Return how many questions have no answer."""
        return sum(answer is None for _, answer in self.pairs)

    def only(self, chosen: set[str] | None) -> "Joined":
        """Return the chosen questions with their answers, or all if `chosen` is None."""
        if chosen is None:
            return self
        pairs = [pair for pair in self.pairs if pair[0].id in chosen]
        turns = {name: turns for name, turns in self.turns.items() if name in chosen}
        return replace(self, pairs=pairs, failed=self.failed & chosen, turns=turns)


class EarlierRow(FileRow):
    """An earlier answer in the record of a conversation."""

    text: FreeText
    metadata: dict[str, Any] | None = None
    until: str | None = None


class AnswerRow(FileRow):
    """LLaVA's answer record; only the id and the text are required.

    A record of status `failed` is no answer: the model or its server gave an error. `earlier` are the answers before
    this one, in a conversation in which the model was asked to review them.
    """

    question_id: Identifier
    text: FreeText
    prompt: str | None = None
    status: Literal["ok", "failed"] = "ok"
    metadata: dict[str, Any] | None = None
    answer_id: Any = None
    earlier: list[EarlierRow] | None = None

    def turns(self) -> tuple[Turn, ...]:
        """Return all answers of the record."""
        earlier = [Turn(each.text, _tokens(each.metadata), each.until) for each in self.earlier or []]
        return (*earlier, Turn(None if self.status == "failed" else self.text, _tokens(self.metadata)))


@dataclass(frozen=True)
class Answer:
    """An answer and its position in the file; `question` is the question's text, if a spreadsheet has it."""

    where: str
    row: AnswerRow
    question: str = ""


def join(questions: list[Question], path: Path) -> Joined:
    """Return every question with its answer from a file that `read_answers` reads; see `join_records`."""
    return join_records(questions, read_answers(path), path)


def join_records(questions: list[Question], records: Iterable[Answer], path: Path) -> Joined:
    """Return every question with its answer among the records of a file.

    A second answer to a question, or one to an unknown question or another prompt, raises PipelineError, as does a
    file that is empty or contains the questions themselves.
    """
    by_recorded_id = _by_recorded_id(questions)
    answers: dict[str, str | None] = {}
    models: list[Any] = []
    answer_ids: dict[str, str] = {}
    turns: dict[str, tuple[Turn, ...]] = {}
    several, only_questions = False, True
    for answer in records:
        row = answer.row
        question = _question_of(answer, by_recorded_id.get(row.question_id, []))
        if question.id in answers:
            raise PipelineError("a second answer to the same question", where=answer.where, value=question.id)
        turns[question.id] = row.turns()
        several = several or row.earlier is not None
        answers[question.id] = turns[question.id][-1].text
        if row.status == "ok":
            models.append((row.metadata or {}).get("model"))
        if isinstance(row.answer_id, str):
            answer_ids[row.question_id] = row.answer_id
        only_questions = only_questions and not row.prompt and repeats(question, row.text)
    if not answers:
        raise PipelineError("no answers", where=path, cure="name the file with the model's answers")
    if only_questions:
        cure = "name the file with the model's answers"
        raise PipelineError("these are questions, not answers: every text is its question", where=path, cure=cure)
    failed = frozenset(name for name, text in answers.items() if text is None)
    pairs = [(question, answers.get(question.id)) for question in questions]
    return Joined(pairs, failed, _agreed_model(models), answer_ids, turns if several else {})


def repeats(question: Question, text: str) -> bool:
    """Return whether a text is the question itself, with or without the request for a form of answer."""
    prompt = question.prompt.strip()
    return bool(text.strip()) and text.strip() in (
        prompt,
        _recorded_prompt(question),
        prompt.split("\n")[0],
        question.stem,
    )


def _by_recorded_id(questions: list[Question]) -> dict[str, list[Question]]:
    """Return the questions by the id that their answers have: by its own id, and by that of its record."""
    by_id: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        for identifier in {question.id, str(question.record.get("question_id", question.id))}:
            by_id[identifier].append(question)
    return by_id


def _question_of(answer: Answer, candidates: list[Question]) -> Question:
    """Return the question of an answer: of several with its id, the one with its prompt, or else with its stem."""
    if not candidates:
        raise PipelineError(
            "an answer to a question that is not in the question file",
            where=answer.where,
            value=answer.row.question_id,
            cure="use the question file and the protocol of these answers",
        )
    if len(candidates) == 1:
        _check_prompt(candidates[0], answer)
        return candidates[0]
    answered = (answer.row.prompt or "").strip()
    equal = [question for question in candidates if answered and answered == _recorded_prompt(question)]
    matching = equal or [question for question in candidates if answered and _is_asked_by(question, answered)]
    if len(matching) != 1:
        raise PipelineError(
            f"{len(candidates)} questions have the id of this answer, and its prompt is that of {len(matching)}",
            where=answer.where,
            value=f"{answer.row.question_id}: prompt {answered!r}",
            cure="use the question file of these answers, and answers with a `prompt`",
        )
    return matching[0]


def _check_prompt(question: Question, answer: Answer) -> None:
    """Refuse an answer to another prompt than the question's, or, if it has a stem, to one with another stem.

    White space around a prompt is ignored, and an empty prompt counts as absent.
    """
    prompt = _recorded_prompt(question)
    answered = (answer.row.prompt or "").strip()
    if (answered and not _is_asked_by(question, answered)) or not _holds(prompt, answer.question):
        raise PipelineError(
            "this answer belongs to another question of the same id",
            where=answer.where,
            value=f"prompt {answered or answer.question!r}, in the question file {prompt!r}",
        )


def _recorded_prompt(question: Question) -> str:
    """Return the prompt that the record of an answer quotes, without white space around it."""
    return str(question.record.get("prompt", question.prompt)).strip()


def _is_asked_by(question: Question, prompt: str) -> bool:
    """Return whether a prompt is the question's, or begins with its stem."""
    return prompt == _recorded_prompt(question) or bool(question.stem and prompt.startswith(question.stem))


def _holds(prompt: str, question: str) -> bool:
    """Return whether a prompt contains a question, regardless of white space."""
    return " ".join(question.split()) in " ".join(prompt.split())


def _tokens(metadata: dict[str, Any] | None) -> int | None:
    """Return the count of an answer's tokens in its metadata, None where it states none that can be a count."""
    tokens = (metadata or {}).get("tokens")
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens < LARGEST else None


def _agreed_model(models: list[Any]) -> JsonValue:
    """Return the model that all records state, None where they do not agree.

    The model of an endpoint is an object: each value in it is None where the records do not agree.
    """
    if models and all(isinstance(model, dict) for model in models):
        agreed = {key: _agreed([model.get(key) for model in models]) for key in sorted(models[0])}
        return dict(agreed) if any(agreed.values()) else None
    return _agreed(models)


def _agreed(values: list[Any]) -> str | None:
    """Return the text that all values are, None otherwise."""
    text = next(iter(values), None)
    return text if isinstance(text, str) and all(other == text for other in values) else None


def read_answers(path: Path) -> Iterator[Answer]:
    """Yield every answer of a file.

    The content decides the format: JSON Lines of records, LLaVA's ScienceQA result file (an object whose `outputs` has
    each text by its question's id), or a spreadsheet with `index` and `prediction`. Another object raises
    PipelineError.
    """
    if not path.is_file():
        raise PipelineError(
            "no such file of answers", where=path, cure="name a file such as results/answers/RUN/BENCHMARK.jsonl"
        )
    if is_spreadsheet(path):
        for where, row in read_predictions(path):
            yield Answer(where, record_of(row, where), row["question"])
        return
    result = _result_file(path)
    if result is None:
        for where, content in read_rows_with_place(path):
            yield Answer(where, record_of(content, where))
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
            where = f"{path}, outputs, {name}"
            yield Answer(where, record_of({"question_id": name, "text": text}, where))


def record_of(content: dict[str, Any], where: str) -> AnswerRow:
    """Return the record of an answer; one without id or text raises PipelineError."""
    return parse_row(AnswerRow, content, "an answer needs `question_id` and `text`", where)


def _result_file(path: Path) -> dict[str, Any] | None:
    """Return the file's content if it is one object and no answer record, else None."""
    lines = (line for _, line in numbered_lines(path) if line.strip())
    first, second = next(lines, ""), next(lines, "")
    if not first or (second and _is_json(first)):
        return None
    content = read_json(path)
    return content if isinstance(content, dict) and "question_id" not in content else None


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
