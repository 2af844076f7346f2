"""What must import without torch, and quickly."""

import subprocess
import sys

import pytest

from tests.project import ROOT

LIGHT = (
    "pipeline_lib.cli.main",
    "pipeline_lib.config.stages",
    "pipeline_lib.scoring.score",
    "pipeline_lib.lineage.records",
)
KINDS = ("benchmarks", "engines", "judges", "prompts", "recipes", "sampling", "sources", "weights")


@pytest.mark.parametrize("module", LIGHT)
def test_no_torch_is_imported(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_study_imports_torch_to_be_read_and_planned() -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline_lib.config.load import load_study\n"
        "[load_study(path) for path in (Path('config.yaml'), *Path('studies').glob('*.yaml'))]\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_plug_in_that_a_study_names_imports_torch(kind: str) -> None:
    code = (
        f"import sys; from pipeline_lib.core.plugins import load, names; [load({kind!r}, name) for name in names({kind!r})]\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
