"""MMBench tables and answers for tests."""

from pathlib import Path
from typing import Any

import jsonlines
import pandas as pd

from pipeline_lib.benchmarks.base import Files

COLUMNS = [
    "index",
    "question",
    "hint",
    "A",
    "B",
    "C",
    "D",
    "answer",
    "category",
    "image",
    "source",
    "l2-category",
    "comment",
    "split",
]
ANIMALS = ("cat", "dog", "bird", "eel")


def row(index: int | str, answer: str = "B", **changes: str) -> dict[str, Any]:
    """Return a row about four animals, of category `names` of `perception`."""
    whole = {"index": index, "question": "What is it?", **dict(zip("ABCD", ANIMALS, strict=True)), "answer": answer}
    return whole | {"category": "names", "l2-category": "perception", "image": "AAAA", "split": "dev"} | changes


def write(path: Path, rows: list[dict[str, Any]], without: tuple[str, ...] = ()) -> Files:
    """Write the TSV as pandas does, all columns but those of `without`."""
    columns = [name for name in COLUMNS if name not in without]
    pd.DataFrame(rows).reindex(columns=columns).to_csv(path, sep="\t", index=False)
    return Files(path)


def answer(path: Path, texts: dict[int, str]) -> Path:
    """Write an answer file."""
    with jsonlines.open(path, "w") as writer:
        writer.write_all({"question_id": index, "text": text} for index, text in texts.items())
    return path
