"""`vlmflow plan` estimates memory without torch, for weights that are not here too."""

from pathlib import Path

import pytest

from tests.project import Project

PLAN = """
import sys
from pipeline_lib.cli.main import app
app(["plan", "--study", {study!r}], standalone_mode=False)
assert not {{"torch", "transformers"}} & sys.modules.keys(), "torch was imported"
"""


@pytest.mark.parametrize("study", ["config", "llava15_half"])
def test_a_plan_states_the_memory_of_trainings_without_importing_torch(tmp_path: Path, study: str) -> None:
    text = Project.copy(tmp_path / "project").run("python", "-c", PLAN.format(study=study)).text
    assert "Memory of the trainings" in text
    line = next(line for line in text.splitlines() if line.startswith("│ half "))
    assert "unknown" not in line and sum(line.count(unit) for unit in (" GB", " MB", " kB")) == 6, line
