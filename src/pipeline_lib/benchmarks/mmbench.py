"""MMBench: multiple choice in circular copies; a question counts as right when it is right in every rotation.

Files of open-compass/MMBench (one TSV with base64 images); prompts of haotian-liu/LLaVA c121f04
(`llava/eval/model_vqa_mmbench.py`) and OpenGVLab/InternVL 2410d1d; scorer of open-compass/VLMEvalKit e8e78f0 without
its language model. docs/benchmarks.md tells the protocols apart.
"""

import re
from collections import defaultdict
from typing import Any

import numpy as np

from pipeline_lib.benchmarks.base import Files, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.choice import Extraction, Options, internvl_short, vlmevalkit
from pipeline_lib.benchmarks.families.ratio import ratio
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tsv import Row, read_tsv

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/unrotated")
PROTOCOLS = ("llava15", "internvl")
SUBMISSION = "xlsx"

COLUMNS = ("index", "question", "A", "B", "image")  # those that a row cannot do without
LETTERS = {"llava15": "ABCD", "internvl": "ABCDE"}  # of the options that are asked
FORMAT_PROMPT = "\nAnswer with the option's letter from the given choices directly."
NONE = {"llava15": ("", "nan", "none"), "internvl": ("",)}  # what is an absent hint or option, in any case
COPIES = 1_000_000  # circular copies of a question have its index plus a multiple of this
INDEX = "0|[1-9][0-9]{0,17}"  # of 63 bits
COUNTS = ("rows", "right", "unrotated", "unrotated right", "groups", "groups right")
DROPPED = ("hint", "category", "source", "image", "comment", "l2-category")
PREDICTION_PLACE = 6


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


def judge(question: Question, gold: str, answer: str, protocol: str) -> Verdict:
    """Return the verdict by the rules of the server; `internvl` reads a letter by its own rules first."""
    said, rule = _infer(answer, question.options, protocol)
    status = "unparsed" if said is None else "ok"
    return Verdict(question.id, question.part, question.image, answer, said, gold, said == gold, rule, status)


def cluster(verdict: Verdict) -> str:
    """Return the group of circular copies."""
    return str(int(verdict.id) % COPIES)


def tally(verdicts: list[Verdict], parts: list[str]) -> Tallies:
    """Return [verdicts, parts, COUNTS]; a group stands on the row of its lowest index, if all its rows are answered."""
    counts = np.zeros((len(verdicts), len(parts), len(COUNTS)))
    groups: dict[str, list[int]] = defaultdict(list)
    for number, verdict in enumerate(verdicts):
        groups[cluster(verdict)].append(number)
        if verdict.status != "missing":
            unrotated = int(verdict.id) < COPIES
            row = counts[number, parts.index(verdict.part)]
            row[:4] = 1, verdict.correct, unrotated, unrotated and verdict.correct
    for members in groups.values():
        rows = [verdicts[number] for number in members]
        if all(row.status != "missing" for row in rows):
            first = min(members, key=lambda number: int(verdicts[number].id))
            counts[first, parts.index(verdicts[first].part), 4:] = 1, all(row.correct for row in rows)
    return counts


def metrics(sums: Tallies, parts: list[str]) -> dict[str, Any]:
    """Return the circular `accuracy`, over all and each category, and that over unrotated and over all rows."""
    rows, right, unrotated, unrotated_right, groups, groups_right = np.moveaxis(sums, -1, 0)
    families: dict[str, list[int]] = defaultdict(list)
    for place, part in enumerate(parts):
        families[part].append(place)
        if "/" in part:
            families[part.split("/")[0]].append(place)
    split = {
        f"accuracy/{name}": ratio(groups_right[..., places].sum(axis=-1), groups[..., places].sum(axis=-1))
        for name, places in sorted(families.items())
    }
    return {
        **split,
        "accuracy": ratio(groups_right.sum(axis=-1), groups.sum(axis=-1)),
        "accuracy/unrotated": ratio(unrotated_right.sum(axis=-1), unrotated.sum(axis=-1)),
        "accuracy/rows": ratio(right.sum(axis=-1), rows.sum(axis=-1)),
    }


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return the xlsx that MMBench's server takes: the TSV without six columns, the prediction as the seventh.

    As LLaVA's `scripts/convert_mmbench_for_submission.py` writes it, the raw answer; InternVL writes the letter that it
    reads, if it reads one. A row without an answer has an empty prediction.
    """
    from pipeline_lib.benchmarks.families.xlsx import workbook

    said = {question.id: _handed_in(question.options, answer, protocol) for question, answer in answers}
    rows = [row for row in _rows(files) if row["index"] in said]
    names = [name for name in rows[0] if name not in DROPPED]
    names.insert(PREDICTION_PLACE, "prediction")
    table: list[dict[str, str | int]] = [
        {**row, "index": int(row["index"]), "prediction": said[row["index"]]} for row in rows
    ]
    return workbook([names, *([row[name] for name in names] for row in table)])


def _question(row: Row, files: Files, protocol: str) -> Question:
    """Return a question with what LLaVA's answer record holds beside the usual keys; its prompt lacks the suffix."""
    options = _asked(row, protocol)
    lines = [] if _is_none(row.get("hint", ""), protocol) else [row["hint"]]
    lines += [row["question"], *(f"{letter}. {text}" for letter, text in options.items())]
    text = "\n".join(lines)
    image = f"{files.questions.stem}/{row['index']}"
    part = "/".join(filter(None, (row.get("l2-category"), row.get("category")))) or "all"
    record = {"prompt": text, "round_id": 0, "options": list(options.values()), "option_char": list(options)}
    return Question(row["index"], text + FORMAT_PROMPT, image, part, _all_options(row), record)


def _all_options(row: Row) -> dict[str, str]:
    """Return the options of the file by letter, those that spell "None" too: the scorer knows them all."""
    return {letter: row[letter] for letter in "ABCDE" if row.get(letter)}


def _asked(row: Row, protocol: str) -> dict[str, str]:
    """Return the options that a protocol asks: LLaVA stops at the first that spells none, InternVL leaves out gaps."""
    found: dict[str, str] = {}
    for letter in LETTERS[protocol]:
        absent = _is_none(row.get(letter, ""), protocol)
        if absent and protocol == "llava15":
            break
        if not absent:
            found[letter] = row[letter]
    return found


def _is_none(text: str, protocol: str) -> bool:
    return text.lower() in NONE[protocol]


def _infer(answer: str, options: Options, protocol: str) -> Extraction:
    if protocol == "internvl":
        said, rule = internvl_short(answer, options)
        if said is not None:
            return said, rule
    return vlmevalkit(answer, options)


def _handed_in(options: Options, answer: str | None, protocol: str) -> str:
    said = internvl_short(answer or "", options)[0] if protocol == "internvl" else None
    return said or answer or ""


def _rows(files: Files) -> list[Row]:
    """Return the rows of the TSV; one without an integer index, a question, two options or an image is refused."""
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
