"""Write the first questions of a study's POPE as a local task of lmms-eval 0.7, which needs no network.

    python tools/lmms_task.py FOLDER [--questions FILE] [--gold FOLDER] [--images INDEX] [--limit N]

By default the default study's, after `make demo`. FOLDER gets `digits_pope/`: `digits_pope.yaml`, `utils.py` and
`pope.parquet`, whose images have the bytes of the files. docs/accuracy.md has the commands that use it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.images.reader import ImageReader

TASK = "digits_pope"
# The prompts are the questions as they are, and the metrics those of lmms-eval's own task `pope`.
UTILS = "from lmms_eval.tasks.pope.utils import *\n"
YAML = """\
dataset_path: parquet
dataset_kwargs:
  data_files:
    test: {parquet}
task: digits_pope
test_split: test
output_type: generate_until
doc_to_visual: !function utils.pope_doc_to_visual
doc_to_text: question
doc_to_target: answer
generation_kwargs: {{max_new_tokens: 8, temperature: 0, top_p: 1.0, num_beams: 1, do_sample: false}}
process_results: !function utils.pope_process_results
metric_list:
  - {{metric: pope_accuracy, aggregation: !function utils.pope_aggregate_accuracy, higher_is_better: true}}
  - {{metric: pope_f1_score, aggregation: !function utils.pope_aggregate_f1_score, higher_is_better: true}}
metadata:
  - version: 0.0
"""


def main() -> None:
    """Write the task."""
    raw = Path("data/raw/digits_pope/000")
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=Path, default=raw / "llava_pope_test.jsonl")
    parser.add_argument("--gold", type=Path, default=raw / "labels")
    parser.add_argument("--images", type=Path, default=Path("data/images/digits_test_scenes/index.parquet"))
    parser.add_argument("--limit", type=int, default=60)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve() / TASK
    folder.mkdir(parents=True)
    rows = task_rows(Files(arguments.questions, arguments.gold), ImageReader([arguments.images]), arguments.limit)
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    texts = {name: pa.string() for name in ("question_id", "question", "answer", "category", "image_source")}
    table = pa.Table.from_pylist(rows, schema=pa.schema({**texts, "image": image}))
    kinds = {"image": {"_type": "Image"}, **{name: {"dtype": "string", "_type": "Value"} for name in texts}}
    features = json.dumps({"info": {"features": kinds}})  # by which the library datasets decodes the images
    pq.write_table(table.replace_schema_metadata({"huggingface": features}), folder / "pope.parquet")
    (folder / "utils.py").write_text(UTILS)
    (folder / f"{TASK}.yaml").write_text(YAML.format(parquet=folder / "pope.parquet"))


def task_rows(files: Files, images: ImageReader, limit: int) -> list[dict[str, Any]]:
    """Return the first questions with their labels, and the bytes of their images."""
    questions = pope.questions(files, "llava15")
    gold = pope.gold(files, questions, "llava15")
    return [
        {
            "question_id": each.id,
            "question": each.prompt,
            "answer": gold[each.id],
            "category": each.part,
            "image_source": each.images[0],
            "image": {"bytes": images.read(each.images[0], images.row(each.images[0]).pin), "path": each.images[0]},
        }
        for each in questions[:limit]
    ]


if __name__ == "__main__":
    main()
