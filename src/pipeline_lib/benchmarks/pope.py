"""POPE: is an object in the image, yes or no; three categories of negatives.

Files and scorer of haotian-liu/LLaVA c121f04 (`llava/eval/eval_pope.py`) and AoiDragon/POPE. Two things differ: labels
are joined by id, not by position, and an undefined ratio is 0 instead of an error.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_lib.benchmarks.base import Files, Question, Tallies, Verdict, by_image
from pipeline_lib.benchmarks.families.yes_no import COUNTS, confusion, pope_words, rates
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_lines

logger = logging.getLogger(__name__)

PRIMARY = "f1"
SHOWN = ("f1", "accuracy")
PROTOCOLS = ("llava15",)
LIBRARIES: tuple[str, ...] = ()

cluster = by_image

FORMAT_PROMPT = "\nAnswer the question using a single word or phrase."
CATEGORY_STRIDE = 10_000_000  # LLaVA's ids: this many times the category's place, plus the label file's own id


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of LLaVA's question file (`llava_pope_test.jsonl`)."""
    rows = list(read_lines(files.questions))
    for number, row in enumerate(rows, 1):
        missing = {"question_id", "image", "text", "category"} - set(row)
        if missing:
            raise PipelineError("a question lacks keys", where=f"{files.questions}:{number}", value=sorted(missing))
    return [Question(str(row["question_id"]), row["text"], row["image"], row["category"]) for row in rows]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
    """Return yes or no by question id, from `coco_pope_<category>.json` files; image and text must agree."""
    folder = _label_folder(files)
    categories = sorted({question.part for question in questions})
    unused = {path.stem.removeprefix("coco_pope_") for path in folder.glob("coco_pope_*.json")} - set(categories)
    if unused:
        logger.warning("ignored label files, which the question file does not name: %s", ", ".join(sorted(unused)))
    labels: dict[str, str] = {}
    for category in categories:
        labels |= _labels_of(folder / f"coco_pope_{category}.json", [q for q in questions if q.part == category])
    return labels


def judge(question: Question, gold: str, answer: str, protocol: str) -> Verdict:
    """Return the verdict by POPE's words; where neither yes nor no is said it is a yes, of status `unparsed`."""
    said, rule = pope_words(answer)
    status = "unparsed" if rule == "fallback" else "ok"
    return Verdict(question.id, question.part, question.image, answer, said, gold, said == gold, rule, status)


def tally(verdicts: list[Verdict], parts: list[str]) -> Tallies:
    """Return [verdicts, parts, COUNTS]: one 1 an answered row."""
    counts = np.zeros((len(verdicts), len(parts), len(COUNTS)))
    for number, verdict in enumerate(verdicts):
        if verdict.status != "missing":
            counts[number, parts.index(verdict.part)] = confusion(str(verdict.extracted), verdict.gold)
    return counts


def metrics(sums: Tallies, parts: list[str]) -> dict[str, Any]:
    """Return `f1` as the mean over the categories (the published number), the rest pooled, and each by category."""
    by_part = rates(sums)
    pooled = rates(sums.sum(axis=-2))
    whole = {**pooled, "f1": by_part["f1"].mean(axis=-1)}
    split = {f"{name}/{part}": values[..., i] for name, values in by_part.items() for i, part in enumerate(parts)}
    return {**whole, **split}


def _label_folder(files: Files) -> Path:
    if files.gold is None or not files.gold.is_dir():
        raise PipelineError("POPE's gold is a folder with coco_pope_<category>.json files", value=str(files.gold))
    return files.gold


def _labels_of(path: Path, questions: list[Question]) -> dict[str, str]:
    """Return the labels of one category by question id; a file that belongs to other questions raises PipelineError."""
    rows = {int(row["question_id"]): row for row in read_lines(path)}
    if len(rows) != len(questions):
        raise PipelineError(
            f"{len(rows)} labels for {len(questions)} questions of this category",
            where=path,
            cure="use the label file of this question file: POPE's random split exists with 2,910 and 3,000 rows",
        )
    labels = {}
    for question in questions:
        row = rows.get(int(question.id) % CATEGORY_STRIDE, {})
        asked = (question.image, question.prompt.removesuffix(FORMAT_PROMPT))
        labelled = (row.get("image"), row.get("text"))
        if asked != labelled:
            raise PipelineError(
                "this label does not belong to the question with its id",
                where=path,
                value=f"question {question.id} asks {asked}, the label is of {labelled}",
                cure="use the label file that belongs to this question file",
            )
        labels[question.id] = "no" if row["label"] == "no" else "yes"
    return labels
