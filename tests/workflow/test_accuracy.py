"""A served checkpoint, asked by this project and by the real lmms-eval in one study, and both compared row by row."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.servers.transformers import NEEDED
from tests.project import ROOT, Project
from tests.workflow.test_server import STUDY

PYTHON = ROOT / ".venv-lmms-eval/bin/python"
LACKING = [name for name in NEEDED if find_spec(name) is None] + ([] if PYTHON.is_file() else ["make lmms-eval"])
ROWS = 60  # questions about ten scenes


@pytest.mark.long
@pytest.mark.skipif(bool(LACKING), reason=f"not installed: {LACKING}")
def test_both_ask_the_same_and_the_table_says_so(tmp_path: Path) -> None:
    project = Project.copy(tmp_path / "project")
    study: dict[str, Any] = json.loads(json.dumps(STUDY))
    for name in ("photos", "questions"):
        study["datasets"][name]["source"]["scenes"] = 12
    study["benchmarks"]["pope"] |= {"slice": ROWS}
    study["runs"] = {
        "served": {"model": "tiny", "engine": {"name": "server", "program": "transformers"}},
        "harness": {
            "model": "tiny",
            "engine": {"name": "lmms_eval", "program": "transformers", "python": str(PYTHON)},
        },
    }
    with (project.root / "studies/asked_twice.yaml").open("w") as file:
        YAML().dump(study, file)
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
