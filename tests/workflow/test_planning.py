"""`vlmflow plan` estimates memory without torch, for weights that are not here too."""

from pathlib import Path

from tests.project import Project

PLAN = """
import sys
from pipeline_lib.cli.main import app
app(["plan", "--study", "llava15_half"], standalone_mode=False)
assert not {"torch", "transformers"} & sys.modules.keys()
"""


def test_a_plan_states_the_memory_of_trainings_without_importing_torch(tmp_path: Path) -> None:
    done = Project.copy(tmp_path / "project").run("python", "-c", PLAN)
    assert done.returncode == 0, done.text
    plan = done.text.split("Memory of the trainings")[1]
    line = next(line for line in plan.splitlines() if line.startswith("│ half "))
    assert "unknown" not in line and sum(line.count(unit) for unit in (" GB", " MB", " kB")) == 6, line
