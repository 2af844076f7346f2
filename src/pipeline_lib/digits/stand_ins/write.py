"""The stand-ins by name, and how their files are written."""

import csv
import json
from functools import partial
from pathlib import Path
from typing import Callable, Mapping, Sequence

from pipeline_lib.core.text import write_lines
from pipeline_lib.digits.stand_ins import answers, choices, judged
from pipeline_lib.digits.stand_ins.boxes import BOXES
from pipeline_lib.digits.stand_ins.captions import CAPTIONS
from pipeline_lib.digits.stand_ins.scenes import Content, Files, Picture, Row, Scenes
from pipeline_lib.digits.stand_ins.tables import TABLES

FORMS: Mapping[str, Callable[[Scenes], Files]] = {
    "ai2d": choices.ai2d,
    "cmmmu": choices.cmmmu,
    "cmmmu_test": partial(choices.cmmmu, split="test"),
    "docvqa": answers.docvqa,
    "knee_grading": judged.knee_grading,
    "llava_bench": judged.llava_bench,
    "mathvista": judged.mathvista,
    "mm_vet": judged.mm_vet,
    "mme": answers.mme,
    "mmmu": choices.mmmu,
    "mmmu_test": partial(choices.mmmu, split="test"),
    "mmvp": choices.mmvp,
    "ocrvqa": answers.ocrvqa,
    "seed": choices.seed,
    "tiny_lvlm": answers.tiny_lvlm,
    **BOXES,
    **CAPTIONS,
    **TABLES,
}


def write(scenes: Scenes, content: Content, path: Path) -> None:
    """Write a file: a picture, a text, or rows in the form that the suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Picture):
        path.write_bytes(scenes.file_of(content, path.name))
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif isinstance(content, dict) or path.suffix == ".json":
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        ROWS[path.suffix](path, content)


def _write_parquet(path: Path, rows: Sequence[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)


def _write_tsv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


ROWS: Mapping[str, Callable[[Path, Sequence[Row]], None]] = {
    ".jsonl": write_lines,
    ".parquet": _write_parquet,
    ".tsv": _write_tsv,
}
