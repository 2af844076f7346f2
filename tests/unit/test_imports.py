"""What must import without torch, and quickly."""

import subprocess
import sys

import pytest

LIGHT = (
    "pipeline_lib.cli.main",
    "pipeline_lib.config.stages",
    "pipeline_lib.scoring.score",
    "pipeline_lib.lineage.records",
)


@pytest.mark.parametrize("module", LIGHT)
def test_no_torch_is_imported(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
