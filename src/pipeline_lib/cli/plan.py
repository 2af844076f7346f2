"""The workflow's plan, asked of Snakemake in a process of its own."""

import json
import subprocess
import sys
from typing import Annotated, Any

import typer

from pipeline_lib.config.load import DEFAULT
from pipeline_lib.core.errors import PipelineError

StudyOption = Annotated[str, typer.Option(help="`config` for config.yaml, or NAME for studies/NAME.yaml")]

SECONDS = 600  # a plan of thousands of jobs takes some seconds


LookOption = Annotated[bool, typer.Option("--look", help="look at the files of sources of any size")]


def plan(study: str = DEFAULT, targets: list[str] | None = None, look: bool = False) -> list[dict[str, Any]]:
    """Return the jobs that make `targets` (all of the study's where none are named), as rules/plan.py prints them."""
    options = ["--study", study, *(["--look"] if look else [])]
    command = [sys.executable, "rules/plan.py", *options, *(targets or [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode or not done.stdout:
        raise PipelineError(
            "Snakemake cannot plan this study",
            value=done.stderr.strip()[-1000:],
            cure="vlmflow config check; targets are files that the study makes, another study is --study NAME",
        )
    jobs: list[dict[str, Any]] = json.loads(done.stdout)
    return jobs
