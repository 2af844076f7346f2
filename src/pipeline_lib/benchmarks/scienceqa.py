"""ScienceQA: multiple choice about school science, about half of the questions with an image.

Files of haotian-liu/LLaVA c121f04 (`llava_test_CQM-A.json`) and lupantech/ScienceQA 2cbf831 (`problems.json`,
`pid_splits.json`); scorer of LLaVA's `llava/eval/eval_science_qa.py`. docs/benchmarks.md compares the protocols.
"""

import re
from itertools import pairwise
from pathlib import Path
from string import ascii_uppercase
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field, JsonValue

from pipeline_lib.benchmarks.base import Files, Grade, Question, Tallies, Verdict, by_image
from pipeline_lib.benchmarks.families.choice import Parser, internvl, llava_sqa, lmms_eval
from pipeline_lib.benchmarks.families.ratio import ratio
from pipeline_lib.conversations.row_keys import unread_media
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Text, parse_row
from pipeline_lib.core.text import read_json, read_object

PRIMARY = "accuracy/image"
SHOWN = ("accuracy/image", "accuracy")
PROTOCOLS = ("llava15", "internvl", "lmms_eval")

cluster = by_image

IMAGE = "<image>"
FORMAT_PROMPT = "\nAnswer with the option's letter from the given choices directly."
HINT = "Context: "


class Turn(FileRow):
    """A turn of a conversation: the question or its answer."""

    value: FreeText


class QuestionRow(FileRow):
    """A row of LLaVA's question file; further keys are allowed, to detect media other than `image`."""

    model_config = ConfigDict(extra="allow")

    id: Identifier
    image: Text | None = None
    conversations: Annotated[list[Turn], Field(min_length=1, max_length=2)]


class Problem(FileRow):
    """A question in problems.json; `answer` is the index of the right choice."""

    choices: Annotated[list[FreeText], Field(min_length=1, max_length=len(ascii_uppercase))]
    answer: int


class Split(FileRow):
    """The ids of a split in pid_splits.json."""

    ids: list[Identifier]


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of LLaVA's question file with the request for a letter, in the parts `image` and `text`.

    For `internvl`, only those with an image, and hints lack "Context: ".
    """
    padded_first = protocol == "llava15"
    rows = [_question(row, where, padded_first) for where, row in _rows(files.questions)]
    if protocol != "internvl":
        return rows
    return [
        Question(q.id, q.prompt.removeprefix(HINT), q.images, q.part, q.options, {"question_id": q.id})
        for q in rows
        if q.images
    ]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
    """Return the letter of every question: that of problems.json if the gold folder has it, else the question file's.

    Both must agree on the letter and the number of choices. Includes the ids of the split that no question asks, except
    for `internvl`, whose questions are those of the question file.
    """
    rows = {row.id: (where, row) for where, row in _rows(files.questions)}
    problems, splits = _gold_file(files.gold, "problems.json"), _gold_file(files.gold, "pid_splits.json")
    if files.gold is not None and problems is None and splits is None:
        raise PipelineError(
            "ScienceQA's gold is a folder with problems.json, pid_splits.json or both", value=str(files.gold)
        )
    letters = {question.id: _letter(question, *rows[question.id], problems, files) for question in questions}
    if protocol == "internvl" or splits is None:
        return letters
    return {name: _problem_letter(name, problems, files) for name in _split(splits, letters, files)} | letters


def grade(question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
    """Return the grade by the protocol's rules; a letter beyond the choices is wrong, by the rule `beyond`."""
    parsers: dict[str, Parser] = {"llava15": llava_sqa, "internvl": internvl, "lmms_eval": lmms_eval}
    letter, rule = parsers[protocol](answer, question.options)
    return Grade(letter == gold, letter, rule, "unparsed" if letter is None else "ok")


def tally(verdicts: list[Verdict], parts: list[str]) -> Tallies:
    """Return [verdicts, parts, (answered, right)]."""
    counts = np.zeros((len(verdicts), len(parts), 2))
    for number, verdict in enumerate(verdicts):
        if verdict.answered:
            counts[number, parts.index(verdict.question.part)] = 1, verdict.grade.value
    return counts


def metrics(sums: Tallies, parts: list[str]) -> dict[str, Any]:
    """Return the accuracy over all and over each part: `accuracy/image` is absent where no question has an image."""
    answered, right = np.moveaxis(sums, -1, 0)
    split = ratio(right, answered)
    whole = ratio(right.sum(axis=-1), answered.sum(axis=-1))
    return {"accuracy": whole, **{f"accuracy/{part}": split[..., i] for i, part in enumerate(parts)}}


def _rows(path: Path) -> list[tuple[str, QuestionRow]]:
    """Return the rows of the question file, each with its position for error messages."""
    rows = read_json(path)
    if not isinstance(rows, list):
        raise PipelineError("ScienceQA's question file is a JSON list", where=path, value=type(rows).__name__)
    what = "a question needs `id` and `conversations` with texts"
    positions = [f"{path}, row {number}" for number in range(1, len(rows) + 1)]
    return [(where, parse_row(QuestionRow, row, what, where)) for where, row in zip(positions, rows, strict=True)]


def _question(row: QuestionRow, where: str, padded_first: bool) -> Question:
    """Return a question; its `record` has LLaVA's keys: the id as text, and the prompt with the image token."""
    asked = row.conversations[0].value
    text = asked.replace(IMAGE, "").strip()
    options = options_of(text)
    if not options:
        raise PipelineError("no options (lines from `A. ` on) in this question", where=where, value=row.id)
    media = unread_media({**(row.model_extra or {}), "image": row.image})
    if media or (IMAGE in asked and row.image is None):
        value = f"{row.id}: {media or IMAGE}"
        cure = "name one image under `image`: nothing else is shown to a model"
        raise PipelineError("this question shows more than its `image`", where=where, value=value, cure=cure)
    prompt = text + FORMAT_PROMPT
    quoted = f"{IMAGE}\n{prompt}" if row.image else prompt
    record = {"question_id": row.id, "prompt": quoted}
    images = (row.image,) if row.image else ()
    return Question(row.id, prompt, images, "image" if images else "text", options, record, padded_first)


def options_of(text: str) -> dict[str, str]:
    """Return the options at the end of a question by letter: from the last line with `A. `, each next letter's line."""
    starts = [match.start() for match in re.finditer("^A\\. ", text, re.MULTILINE)]
    options: dict[str, str] = {}
    rest = text[starts[-1] :] if starts else ""
    for letter, following in pairwise(ascii_uppercase):
        if not rest.startswith(f"{letter}. "):
            break
        options[letter], line, rest = rest[3:].partition(f"\n{following}. ")
        rest = line[1:] + rest
    return options


def _letter(question: Question, where: str, row: QuestionRow, problems: dict[str, Any] | None, files: Files) -> str:
    """Return a question's gold letter; one that is no option or differs between the files raises PipelineError."""
    answer = row.conversations[1].value if len(row.conversations) > 1 else None
    stated = None if answer is None else llava_sqa(answer, question.options)[0]
    letter = stated if problems is None else _problem_letter(question.id, problems, files)
    if letter is None or letter not in question.options or (answer is not None and stated not in question.options):
        value = f"{question.id!r}: {letter if answer is None else answer!r} of {', '.join(question.options)}"
        raise PipelineError("this question has no gold letter among its options", where=where, value=value)
    choices = len(question.options) if problems is None else len(problems[question.id]["choices"])
    if (stated or letter, choices) != (letter, len(question.options)):
        raise PipelineError(
            "problems.json and the question file do not agree on this question",
            where=where,
            value=f"{question.id}: {letter} of {choices} choices, and {stated} of {len(question.options)}",
            cure="use the problems.json that belongs to this question file",
        )
    return letter


def _problem_letter(name: str, problems: dict[str, Any] | None, files: Files) -> str:
    """Return the letter of a problem; empty if there is no problems.json."""
    if problems is None:
        return ""
    what, where = "problems.json has no answer to this question", f"{files.gold}/problems.json, {name!r}"
    problem = parse_row(Problem, problems.get(name), what, where)
    if not 0 <= problem.answer < len(problem.choices):
        raise PipelineError(what, where=where, value=f"answer {problem.answer} of {len(problem.choices)} choices")
    return ascii_uppercase[problem.answer]


def _split(splits: dict[str, Any], asked: dict[str, str], files: Files) -> list[str]:
    """Return the ids of the smallest split that contains every question."""
    where = f"{files.gold}/pid_splits.json"
    parsed = [
        parse_row(Split, {"ids": ids}, "a split is a list of ids", f"{where}, {name!r}") for name, ids in splits.items()
    ]
    holding = [split.ids for split in parsed if asked.keys() <= set(split.ids)]
    if not holding:
        raise PipelineError(
            "no split of pid_splits.json holds all these questions",
            where=files.gold,
            cure="use the split file that belongs to this question file",
        )
    return min(holding, key=len)


def _gold_file(folder: Path | None, name: str) -> dict[str, Any] | None:
    """Return the content of a file in the gold folder, None if it is missing."""
    if folder is None or not (folder / name).is_file():
        return None
    return read_object(folder / name)
