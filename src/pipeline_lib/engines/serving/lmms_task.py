"""Requests as a local task of lmms-eval 0.7, which needs no network, and the replies that lmms-eval logged.

The task's rows have the text of a request as it is, and its images with the bytes of their files: wording is the
benchmark's protocol, and the rest is lmms-eval's: how an image is read, what is sent, and what an answer becomes.
"""

import json
from pathlib import Path
from typing import Any, Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_rows_with_place
from pipeline_lib.engines.base import Reply, Request
from pipeline_lib.engines.serving.lmms_log import FAILED, only, reply_of
from pipeline_lib.images.reader import ImageReader

NAME = "asked"
UTILS = """\
def images(row):
    return [image.convert("RGB") for image in row["images"]]


def sample(row, results):
    return {"asked": {"request": row["request"]}}


def count(samples):
    return len(samples)
"""
YAML = """\
task: {task}
dataset_path: parquet
dataset_kwargs:
  data_files:
    test: {parquet}
test_split: test
output_type: generate_until
doc_to_visual: !function utils.images
doc_to_text: question
doc_to_target: request
generation_kwargs: {generation}
process_results: !function utils.sample
metric_list:
  - {{metric: asked, aggregation: !function utils.count, higher_is_better: true}}
metadata:
  - version: 0.0
"""


def write_tasks(
    folder: Path, requests: Iterable[Request], images: ImageReader, decoding: dict[str, float | int]
) -> list[str]:
    """Write requests into a new folder, as one task for each length of answers, and return the names of the tasks."""
    by_length: dict[int, list[Request]] = {}
    for request in requests:
        by_length.setdefault(request.max_new_tokens, []).append(request)
    folder.mkdir(parents=True)
    (folder / "utils.py").write_text(UTILS)
    for length, alike in by_length.items():
        task = f"{NAME}_{length}"
        generation = {"max_new_tokens": length, "num_beams": 1, "do_sample": False, **decoding}
        parquet = json.dumps(str(folder / f"{task}.parquet"))
        text = YAML.format(task=task, parquet=parquet, generation=json.dumps(generation))
        (folder / f"{task}.yaml").write_text(text)
        _write_rows(folder / f"{task}.parquet", [_row(request, images) for request in alike])
    return [f"{NAME}_{length}" for length in by_length]


def replies(folder: Path, facts: dict[str, Any]) -> list[Reply]:
    """Return the replies in the logs below a folder; a request that failed is no answer, as lmms-eval takes it."""
    samples = (row for path in sorted(folder.rglob("*_samples_*.jsonl")) for row in read_rows_with_place(path))
    return [_reply(row, where, facts) for where, row in samples]


def _row(request: Request, images: ImageReader) -> dict[str, Any]:
    shown = [{"bytes": images.read(path, images.row(path).pin), "path": path} for path in request.images]
    return {"request": request.id, "question": request.text, "images": shown}


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows with the features by which the library datasets decodes the images."""
    image = pa.list_(pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    table = pa.Table.from_pylist(
        rows, schema=pa.schema({"request": pa.string(), "question": pa.string(), "images": image})
    )
    text = {"dtype": "string", "_type": "Value"}
    kinds = {"request": text, "question": text, "images": {"feature": {"_type": "Image"}, "_type": "List"}}
    features = json.dumps({"info": {"features": kinds}})
    pq.write_table(table.replace_schema_metadata({"huggingface": features}), path)


def _reply(row: dict[str, Any], where: str, facts: dict[str, Any]) -> Reply:
    name, text = row.get(NAME), reply_of(row)
    request = name.get("request") if isinstance(name, dict) else None
    if not isinstance(request, str) or not isinstance(text, str):
        raise PipelineError("not a sample of this task of lmms-eval", where=where, cure="install the stated `version`")
    failed = FAILED.match(text) is not None
    tokens = _answer_tokens(row)
    return Reply(request, text if failed else text.strip(), tokens, status="failed" if failed else "ok", facts=facts)


def _answer_tokens(row: dict[str, Any]) -> int | None:
    """Return how many tokens the server counted in the answer, None if it did not say."""
    counts = only(row.get("token_counts"))
    tokens = counts.get("output_tokens") if isinstance(counts, dict) else None
    return tokens if isinstance(tokens, int) and tokens > 0 else None
