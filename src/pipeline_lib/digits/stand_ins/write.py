"""The stand-ins by name, and how their files are written."""

import json
from pathlib import Path
from typing import Callable, Mapping

from pipeline_lib.core.text import write_lines
from pipeline_lib.digits.stand_ins import answers, choices
from pipeline_lib.digits.stand_ins.boxes import BOXES
from pipeline_lib.digits.stand_ins.scenes import Content, Files, Picture, Scenes

FORMS: Mapping[str, Callable[[Scenes], Files]] = {
    "ai2d": choices.ai2d,
    "cmmmu": choices.cmmmu,
    "docvqa": answers.docvqa,
    "mme": answers.mme,
    "mmmu": choices.mmmu,
    "mmvp": choices.mmvp,
    "ocrvqa": answers.ocrvqa,
    "seed": choices.seed,
    "tiny_lvlm": answers.tiny_lvlm,
    **BOXES,
}


def write(scenes: Scenes, content: Content, path: Path) -> None:
    """Write a file: a picture, a text, or rows in the form that the suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Picture):
        path.write_bytes(scenes.bytes_of(content.number, path.name))
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".jsonl" and not isinstance(content, dict):
        write_lines(path, content)
    elif path.suffix == ".parquet":
        _write_parquet(content, path)
    else:
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_parquet(rows: Content, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)
