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
KINDS = ("benchmarks", "engines", "prompts", "recipes", "sampling", "sources", "weights")
STUDY = {"title": "t", "datasets": {}, "runs": {"full": {"model": "full"}}, "benchmarks": {"pope": {}}}


@pytest.mark.parametrize("module", LIGHT)
def test_no_torch_is_imported(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_study_is_read_without_torch() -> None:
    code = f"import sys; from pipeline_lib.config.study import Study; Study.model_validate({STUDY})"
    check = "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", f"{code}; {check}"], check=False).returncode == 0


def test_plug_ins_that_a_study_names_are_loaded_without_torch() -> None:
    code = f"import sys; from pipeline_lib.core.plugins import load, names; [load(k, n) for k in {KINDS} for n in names(k)]"
    assert (
        subprocess.run([sys.executable, "-c", f"{code}; sys.exit('torch' in sys.modules)"], check=False).returncode == 0
    )
