"""MMBench: multiple choice in rotated copies; a question is right if it is right in every rotation.

Files of open-compass/MMBench (one TSV with base64 images); prompts of haotian-liu/LLaVA c121f04
(`llava/eval/model_vqa_mmbench.py`) and OpenGVLab/InternVL 2410d1d; scorer of open-compass/VLMEvalKit e8e78f0 without
its language model. docs/benchmarks.md compares the protocols.
"""

import re
from collections import defaultdict
from typing import Any

import numpy as np
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Grade, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.choice import Extraction, Options, internvl_short, vlmevalkit
from pipeline_lib.benchmarks.families.ratio import ratio
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tsv import Row, read_tsv

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/unrotated")
PROTOCOLS = ("llava15", "internvl")
SUBMISSION = "xlsx"

COLUMNS = ("index", "question", "A", "B", "image")  # required in every row
LETTERS = {"llava15": "ABCD", "internvl": "ABCDE"}  # of the options in the prompt
FORMAT_PROMPT = "\nAnswer with the option's letter from the given choices directly."
NONE = {"llava15": ("", "nan", "none"), "internvl": ("",)}  # texts that mean an absent hint or option, in any case
COPIES = 1_000_000  # the rotated copies of a question have its index plus a multiple of this
INDEX = "0|[1-9][0-9]{0,17}"  # of 63 bits
COUNTS = ("rows", "right", "unrotated", "unrotated right", "groups", "groups right")
DROPPED = ("hint", "category", "source", "image", "comment", "l2-category")
PREDICTION_COLUMN = 6


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of the TSV, their image as `<name of the TSV>/<index>`, their part as `l2-category/category`."""
    return [_question(row, files, protocol) for row in _rows(files)]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
    """Return the letter in the column `answer`; a split without answers raises PipelineError."""
    answers = {row["index"]: row.get("answer", "") for row in _rows(files)}
    if not any(answers.values()):
        raise PipelineError(
            "this split of MMBench has no answers, so it cannot be scored here",
            where=files.questions,
            cure="submit the xlsx below `submissions/` to MMBench's server",
        )
    for number, question in enumerate(questions, 1):
        if answers[question.id] not in question.options:
            value = f"index {question.id}: {answers[question.id]!r} of {', '.join(question.options)}"
            raise PipelineError(
                "the answer is none of the options", where=f"{files.questions}, row {number}", value=value
            )
    return answers


def grade(question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
    """Return the grade by the rules of the server; `internvl` tries InternVL's rules first."""
    letter, rule = _infer(answer, question.options, protocol)
    return Grade(letter == gold, letter, rule, "unparsed" if letter is None else "ok")


def cluster(question: Question) -> str:
    """Return the group of rotated copies."""
    return str(int(question.id) % COPIES)


def tally(verdicts: list[Verdict], parts: list[str]) -> Tallies:
    """Return [verdicts, parts, COUNTS]; a group is counted in the row of its lowest index, if all rows are answered."""
    counts = np.zeros((len(verdicts), len(parts), len(COUNTS)))
    groups: dict[str, list[int]] = defaultdict(list)
    for number, verdict in enumerate(verdicts):
        groups[cluster(verdict.question)].append(number)
        if verdict.answered:
            unrotated = int(verdict.question.id) < COPIES
            row = counts[number, parts.index(verdict.question.part)]
            row[:4] = 1, verdict.grade.value, unrotated, unrotated and verdict.grade.value
    for members in groups.values():
        rows = [verdicts[number] for number in members]
        if all(row.answered for row in rows):
            first = min(members, key=lambda number: int(verdicts[number].question.id))
            counts[first, parts.index(verdicts[first].question.part), 4:] = 1, all(row.grade.value for row in rows)
    return counts


def metrics(sums: Tallies, parts: list[str]) -> dict[str, Any]:
    """Return the circular `accuracy` over all and each category, and the accuracy over unrotated and over all rows."""
    rows, right, unrotated, unrotated_right, groups, groups_right = np.moveaxis(sums, -1, 0)
    families: dict[str, list[int]] = defaultdict(list)
    for index, part in enumerate(parts):
        families[part].append(index)
        if "/" in part:
            families[part.split("/")[0]].append(index)
    split = {
        f"accuracy/{name}": ratio(groups_right[..., indices].sum(axis=-1), groups[..., indices].sum(axis=-1))
        for name, indices in sorted(families.items())
    }
    return {
        **split,
        "accuracy": ratio(groups_right.sum(axis=-1), groups.sum(axis=-1)),
        "accuracy/unrotated": ratio(unrotated_right.sum(axis=-1), unrotated.sum(axis=-1)),
        "accuracy/rows": ratio(right.sum(axis=-1), rows.sum(axis=-1)),
    }


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return the xlsx that MMBench's server takes: the TSV without six columns, the prediction as the seventh.

    The prediction is the raw answer, as in LLaVA's `scripts/convert_mmbench_for_submission.py`; for InternVL, the
    letter if its rules extract one. A row without an answer has an empty prediction.
    """
    from pipeline_lib.benchmarks.families.xlsx import workbook

    predictions = {question.id: _prediction(question.options, answer, protocol) for question, answer in answers}
    rows = [row for row in _rows(files) if row["index"] in predictions]
    names = [name for name in rows[0] if name not in DROPPED]
    names.insert(PREDICTION_COLUMN, "prediction")
    table: list[dict[str, str | int]] = [
        {**row, "index": int(row["index"]), "prediction": predictions[row["index"]]} for row in rows
    ]
    return workbook([names, *([row[name] for name in names] for row in table)])


def _question(row: Row, files: Files, protocol: str) -> Question:
    """Return a question; its `record` has LLaVA's additional keys, and the prompt without FORMAT_PROMPT."""
    options = _asked(row, protocol)
    lines = [] if _is_none(row.get("hint", ""), protocol) else [row["hint"]]
    lines += [row["question"], *(f"{letter}. {text}" for letter, text in options.items())]
    text = "\n".join(lines)
    image = f"{files.questions.stem}/{row['index']}"
    part = "/".join(filter(None, (row.get("l2-category"), row.get("category")))) or "all"
    record = {"prompt": text, "round_id": 0, "options": list(options.values()), "option_char": list(options)}
    return Question(row["index"], text + FORMAT_PROMPT, (image,), part, _all_options(row), record)


def _all_options(row: Row) -> dict[str, str]:
    """Return the options of the file by letter, including those that spell "None": the scorer uses them all."""
    return {letter: row[letter] for letter in "ABCDE" if row.get(letter)}


def _asked(row: Row, protocol: str) -> dict[str, str]:
    """Return the options in a protocol's prompt: LLaVA stops at the first absent one, InternVL skips absent ones."""
    options: dict[str, str] = {}
    for letter in LETTERS[protocol]:
        absent = _is_none(row.get(letter, ""), protocol)
        if absent and protocol == "llava15":
            break
        if not absent:
            options[letter] = row[letter]
    return options


def _is_none(text: str, protocol: str) -> bool:
    return text.lower() in NONE[protocol]


def _infer(answer: str, options: Options, protocol: str) -> Extraction:
    if protocol == "internvl":
        letter, rule = internvl_short(answer, options)
        if letter is not None:
            return letter, rule
    return vlmevalkit(answer, options)


def _prediction(options: Options, answer: str | None, protocol: str) -> str:
    letter = internvl_short(answer or "", options)[0] if protocol == "internvl" else None
    return letter or answer or ""


def _rows(files: Files) -> list[Row]:
    """Return the rows of the TSV; one without integer index, question, two options or image raises PipelineError."""
    rows = read_tsv(files.questions, COLUMNS)
    for number, row in enumerate(rows, 1):
        lacking = [name for name in COLUMNS if not row[name]]
        if lacking or not re.fullmatch(INDEX, row["index"]):
            raise PipelineError(
                "a row needs a whole number as index, a question, two options and an image",
                where=f"{files.questions}, row {number}",
                value=f"index {row['index']!r}" + (f", without {', '.join(lacking)}" if lacking else ""),
                cure="fetch the file again: it is cut off or not MMBench's",
            )
    return rows
