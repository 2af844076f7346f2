"""Snakemake, asked and told in a process of its own."""

import os
import subprocess
import sys

from pipeline_lib.config.load import DEFAULT
from pipeline_lib.core.errors import PipelineError


def snakemake(*options: str, study: str = DEFAULT, quiet: bool = False) -> None:
    """Run Snakemake on a study and show what it prints, or with `quiet` only what went wrong."""
    chosen = [] if study == DEFAULT else ["--config", f"study={study}"]
    cores = [] if "SNAKEMAKE_PROFILE" in os.environ else ["--cores", "all"]
    command = [sys.executable, "-m", "snakemake", *cores, *chosen, *options]
    done = subprocess.run(command, check=False, capture_output=quiet, text=True)
    if done.returncode:
        said = (done.stderr or "").strip()[-1000:]
        raise PipelineError("Snakemake did not succeed", value=said, cure="its messages name the job and its log")
