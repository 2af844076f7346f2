"""The log of a job holds what libraries log; the terminal shows the job's own lines and errors."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import logging, sys
from pathlib import Path
from pipeline_lib.job.log import configure

configure(Path("log"), "train full")
import deepspeed
logging.getLogger("DeepSpeed").warning("a word of DeepSpeed")
logging.getLogger("DeepSpeed").error("an error of DeepSpeed")
logging.getLogger("pipeline_lib.training").info("step 1 of 2")
"""


def test_deepspeed_writes_to_the_log_and_not_to_the_screen(tmp_path: Path) -> None:
    pytest.importorskip("deepspeed")
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.splitlines() == ["[train full] an error of DeepSpeed", "[train full] step 1 of 2"]
    log = (tmp_path / "log").read_text()
    assert "WARNING DeepSpeed: a word of DeepSpeed" in log and "Setting accelerator" in log
