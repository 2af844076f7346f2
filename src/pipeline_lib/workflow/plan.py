"""Get the workflow's plan from Snakemake, in a separate process."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_names, study_path
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.jobs import AssessedJob

StudyOption = Annotated[str, typer.Option(help="`config` for config.yaml, or NAME for studies/NAME.yaml")]

NO_RULE = re.compile(r"No rule to produce (.+?) \(if you use input functions")  # Snakemake 9.27
SECONDS = 600  # a plan of thousands of jobs takes some seconds


LookOption = Annotated[bool, typer.Option("--look", help="look at the files of sources of any size")]


def plan(study: str = DEFAULT, targets: list[str] | None = None, look: bool = False) -> list[AssessedJob]:
    """Return the jobs that make `targets` (default: the whole study), as rules/plan.py prints them."""
    options = ["--study", study, *(["--look"] if look else [])]
    command = [sys.executable, "rules/plan.py", *options, *(targets or [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode or not done.stdout:
        raise refusal(done.stderr.strip().removeprefix("Building DAG of jobs...").strip(), study)
    return [AssessedJob.read(job, " ".join(command[1:])) for job in json.loads(done.stdout)]


def refusal(text: str, study: str) -> PipelineError:
    """Return Snakemake's message as an error; a fault in the study file raises its own PipelineError."""
    results = results_folder(study, load_study(study_path(study)))
    target = NO_RULE.search(text)
    if target is None:
        return PipelineError(f"Snakemake cannot plan this study:\n{text[-1000:]}", where=study_path(study))
    others = [part for part in Path(target[1]).parts if part in study_names() and part != study]
    cure = f"name its study: --study {others[0]}" if others else f"name a file such as {results}/BENCHMARK_score.json"
    return PipelineError("this study does not make this file", where=study_path(study), value=target[1], cure=cure)


def config_option(study: str) -> str:
    """Return the option that selects a study on Snakemake's command line; empty for config.yaml."""
    return "" if study == DEFAULT else f" --config study={study}"
