"""Run Snakemake in a separate process."""

import os
import subprocess
import sys

from pipeline_lib.config.load import DEFAULT
from pipeline_lib.core.errors import PipelineError


def snakemake(*options: str, study: str = DEFAULT, quiet: bool = False) -> None:
    """Run Snakemake on a study and show its output, or with `quiet` only its errors."""
    chosen = [] if study == DEFAULT else ["--config", f"study={study}"]
    cores = [] if "SNAKEMAKE_PROFILE" in os.environ else ["--cores", "all"]
    command = [sys.executable, "-m", "snakemake", *cores, *chosen, *options]
    done = subprocess.run(command, check=False, capture_output=quiet, text=True)
    if done.returncode:
        errors = (done.stderr or "").strip()[-1000:]
        raise PipelineError("Snakemake failed", value=errors, cure="its messages name the job and its log")
