"""`vlmflow plan` estimates memory without torch, for weights that are not here too."""

from pathlib import Path

from tests.project import Project

PLAN = """
import sys
from pipeline_lib.cli.main import app
for study in ("config", "llava15_half"):
    app(["plan", "--study", study], standalone_mode=False)
    assert not {"torch", "transformers"} & sys.modules.keys(), f"torch was imported to plan {study}"
"""


def test_a_plan_states_the_memory_of_trainings_without_importing_torch(tmp_path: Path) -> None:
    done = Project.copy(tmp_path / "project").run("python", "-c", PLAN)
    _, *plans = done.text.split("Memory of the trainings")
    assert done.returncode == 0 and len(plans) == 2, done.text
    for plan in plans:
        line = next(line for line in plan.splitlines() if line.startswith("│ half "))
        assert "unknown" not in line and sum(line.count(unit) for unit in (" GB", " MB", " kB")) == 6, line
