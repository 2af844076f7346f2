"""A served checkpoint, asked by this project and by the real lmms-eval in one study, and both compared row by row."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.servers.transformers import NEEDED
from tests.project import ROOT, Project

PYTHON = ROOT / ".venv-lmms-eval/bin/python"
LACKING = [name for name in NEEDED if find_spec(name) is None] + ([] if PYTHON.is_file() else ["make lmms-eval"])
ROWS = 60  # questions about ten scenes
SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
TOWER = {
    "kind": "clip", "tokenizer": {"vocabulary": 300}, "projection_dim": 16,
    "vision": {**SHAPE, "image_size": 28, "patch_size": 14}, "text": {**SHAPE, "max_position_embeddings": 77},
}  # fmt: skip
LANGUAGE = {"kind": "llama", "tokenizer": {"vocabulary": 300}, "config": {**SHAPE, "max_position_embeddings": 512}}
TALK = {"kind": "digits_conversations", "part": "train", "scenes": 20, "instruction_rows": 20, "text_rows": 40}
STUDY: dict[str, Any] = {
    "title": "Served by a program of this machine",
    "datasets": {
        "words": {"source": TALK},
        "photos": {"source": {"kind": "digits_scenes", "part": "test", "scenes": 12}, "convert": "keep"},
        "questions": {"source": {"kind": "digits_pope", "part": "test", "scenes": 12}},
    },
    "tables": {"words": {"dataset": "words", "conversations": {"file": "text.json"}}},
    "weights": {"tiny": {"tables": ["words"], "make": {"kind": "llava", "language": LANGUAGE, "tower": TOWER}}},
    "runs": {
        "served": {"model": "tiny", "engine": {"name": "server", "program": "transformers"}},
        "harness": {
            "model": "tiny",
            "engine": {"name": "lmms_eval", "program": "transformers", "python": str(PYTHON)},
        },
    },
    "benchmarks": {
        "pope": {
            **{"dataset": "questions", "images": ["photos"], "decoding": {"max_new_tokens": 4}, "slice": ROWS},
            "files": {"questions": "llava_pope_test.jsonl", "gold": "labels"},
        }
    },
}


@pytest.mark.long
@pytest.mark.skipif(bool(LACKING), reason=f"not installed: {LACKING}")
def test_both_ask_the_same_and_the_table_says_so(tmp_path: Path) -> None:
    project = Project.copy(tmp_path / "project")
    with (project.root / "studies/asked_twice.yaml").open("w") as file:
        YAML().dump(STUDY, file)
    done = project.snakemake("-c2", "--config", "study=asked_twice")
    assert done.returncode == 0, done.text[-3000:]
    compare = ("vlmflow", "compare", "served", "harness", "--study", "asked_twice")
    table = json.loads(project.run(*compare, "--json").text)["pope"]
    assert (table["questions"], table["equal"], table["differences"]) == (ROWS, ROWS, [])
    first, second = (table["scores"][side]["metrics"] for side in ("first", "second"))
    assert first == second
    assert project.run(*compare).text.startswith("pope\nfirst: served: ")
    assert (project.root / "results/asked_twice/logs/serve/harness-pope.lmms_eval.log").is_file()
    again = project.snakemake("-c2", "--config", "study=asked_twice")
    assert "Nothing to be done" in again.text
    assert project.leftovers() == []
