"""ScienceQA: multiple choice about school science, about half of the questions with an image.

Files of haotian-liu/LLaVA c121f04 (`llava_test_CQM-A.json`) and lupantech/ScienceQA 2cbf831 (`problems.json`,
`pid_splits.json`); scorer of LLaVA's `llava/eval/eval_science_qa.py`. docs/benchmarks.md tells the protocols apart.
"""

import re
from itertools import pairwise
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np

from pipeline_lib.benchmarks.base import Files, Question, Tallies, Verdict, by_image
from pipeline_lib.benchmarks.families.choice import Parser, internvl, llava_sqa, lmms_eval
from pipeline_lib.benchmarks.families.ratio import ratio
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json

PRIMARY = "accuracy/image"
SHOWN = ("accuracy/image", "accuracy")
PROTOCOLS = ("llava15", "internvl", "lmms_eval")
LIBRARIES: tuple[str, ...] = ()

cluster = by_image

IMAGE = "<image>"
FORMAT_PROMPT = "\nAnswer with the option's letter from the given choices directly."
HINT = "Context: "


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of LLaVA's question file with the letter suffix, of part `image` or `text`.

    For `internvl` those with an image, the hint without "Context: ".
    """
    padded_first = protocol == "llava15"
    rows = [
        _question(row, f"{files.questions}, row {number}", padded_first)
        for number, row in enumerate(_rows(files.questions), 1)
    ]
    if protocol != "internvl":
        return rows
    return [
        Question(q.id, q.prompt.removeprefix(HINT), q.image, q.part, q.options, {"question_id": q.id})
        for q in rows
        if q.image is not None
    ]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
    """Return the letter of every question: that of problems.json if the gold folder has it, else the question file's.

    Both must agree, as must the number of choices. Ids of the split that no question asks come along; but for
    `internvl`, whose questions are those of the question file.
    """
    letters = {str(row["id"]): _said(row) for row in _rows(files.questions)}
    problems, splits = _gold_file(files.gold, "problems.json"), _gold_file(files.gold, "pid_splits.json")
    if files.gold is not None and problems is None and splits is None:
        raise PipelineError(
            "ScienceQA's gold is a folder with problems.json, pid_splits.json or both", value=str(files.gold)
        )
    found = {q.id: _letter(q, letters[q.id], problems, files) for q in questions}
    if protocol == "internvl" or splits is None:
        return found
    return {name: _problem_letter(name, problems, files) for name in _split(splits, found, files)} | found


def judge(question: Question, gold: str, answer: str, protocol: str) -> Verdict:
    """Return the verdict by the protocol's rules; a letter beyond the choices is wrong, by the rule `beyond`."""
    parsers: dict[str, Parser] = {"llava15": llava_sqa, "internvl": internvl, "lmms_eval": lmms_eval}
    said, rule = parsers[protocol](answer, question.options)
    status = "unparsed" if said is None else "ok"
    return Verdict(question.id, question.part, question.image, answer, said, gold, said == gold, rule, status)


def tally(verdicts: list[Verdict], parts: list[str]) -> Tallies:
    """Return [verdicts, parts, (answered, right)]."""
    counts = np.zeros((len(verdicts), len(parts), 2))
    for number, verdict in enumerate(verdicts):
        if verdict.status != "missing":
            counts[number, parts.index(verdict.part)] = 1, verdict.correct
    return counts


def metrics(sums: Tallies, parts: list[str]) -> dict[str, Any]:
    """Return the accuracy over all and over each part: `accuracy/image` is absent where no question has an image."""
    answered, right = np.moveaxis(sums, -1, 0)
    split = ratio(right, answered)
    whole = ratio(right.sum(axis=-1), answered.sum(axis=-1))
    return {"accuracy": whole, **{f"accuracy/{part}": split[..., i] for i, part in enumerate(parts)}}


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = read_json(path)
    if not isinstance(rows, list):
        raise PipelineError("ScienceQA's question file is a JSON list", where=path, value=type(rows).__name__)
    for number, row in enumerate(rows, 1):
        try:
            whole = bool(row["id"]) and all(isinstance(turn["value"], str) for turn in row["conversations"][:2])
            whole = whole and len(row["conversations"]) > 0
        except (KeyError, TypeError):
            whole = False
        if not whole:
            where, value = f"{path}, row {number}", str(row)[:80]
            raise PipelineError("a question needs `id` and `conversations` with texts", where=where, value=value)
    return rows


def _question(row: dict[str, Any], where: str, padded_first: bool) -> Question:
    """Return a question with what LLaVA's answer record holds: a text as id, and the prompt with the image token."""
    text = row["conversations"][0]["value"].replace(IMAGE, "").strip()
    options = options_of(text)
    if not options:
        raise PipelineError("no options (lines from `A. ` on) in this question", where=where, value=row["id"])
    image = row.get("image") or None
    prompt = text + FORMAT_PROMPT
    quoted = f"{IMAGE}\n{prompt}" if image else prompt
    record = {"question_id": str(row["id"]), "prompt": quoted}
    return Question(str(row["id"]), prompt, image, "image" if image else "text", options, record, padded_first)


def options_of(text: str) -> dict[str, str]:
    """Return the options at the end of a question by letter: from the last line with `A. `, each next letter's line."""
    starts = [found.start() for found in re.finditer("^A\\. ", text, re.MULTILINE)]
    options: dict[str, str] = {}
    rest = text[starts[-1] :] if starts else ""
    for letter, following in pairwise(ascii_uppercase):
        if not rest.startswith(f"{letter}. "):
            break
        options[letter], line, rest = rest[3:].partition(f"\n{following}. ")
        rest = line[1:] + rest
    return options


def _said(row: dict[str, Any]) -> str | None:
    """Return the letter that the question file gives as the answer, None where it gives none."""
    turns = row["conversations"]
    options = options_of(turns[0]["value"])
    return llava_sqa(turns[1]["value"], options)[0] if len(turns) > 1 else None


def _letter(question: Question, said: str | None, problems: dict[str, Any] | None, files: Files) -> str:
    letter, choices = said, len(question.options)
    if problems is not None:
        letter = _problem_letter(question.id, problems, files)
        choices = len(problems[question.id]["choices"])
    if letter is None or letter not in question.options:
        raise PipelineError("this question has no gold letter", where=files.questions, value=question.id)
    if (said or letter, choices) != (letter, len(question.options)):
        raise PipelineError(
            "problems.json and the question file do not agree on this question",
            where=files.questions,
            value=f"{question.id}: {letter} of {choices} choices, and {said} of {len(question.options)}",
            cure="use the problems.json that belongs to this question file",
        )
    return letter


def _problem_letter(name: str, problems: dict[str, Any] | None, files: Files) -> str:
    """Return the letter of a problem; empty where there is no problems.json."""
    if problems is None:
        return ""
    try:
        problem = problems[name]
        return dict(enumerate(ascii_uppercase[: len(problem["choices"])]))[problem["answer"]]
    except (KeyError, TypeError) as error:
        raise PipelineError("problems.json has no answer to this question", where=files.gold, value=name) from error


def _split(splits: dict[str, Any], asked: dict[str, str], files: Files) -> list[str]:
    """Return the ids of the smallest split that holds every question."""
    holding = [ids for ids in ([str(one) for one in ids] for ids in splits.values()) if asked.keys() <= set(ids)]
    if not holding:
        raise PipelineError(
            "no split of pid_splits.json holds all these questions",
            where=files.gold,
            cure="use the split file that belongs to this question file",
        )
    return min(holding, key=len)


def _gold_file(folder: Path | None, name: str) -> dict[str, Any] | None:
    """Return the content of a file of the gold folder, None where it is not there."""
    if folder is None or not (folder / name).is_file():
        return None
    content = read_json(folder / name)
    if not isinstance(content, dict):
        raise PipelineError("not a JSON object", where=folder / name, value=type(content).__name__)
    return content
