"""Get the workflow's plan from Snakemake, in a separate process."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Collection

from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_names, study_path
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.lineage.jobs import AssessedJob

NO_RULE = re.compile(r"No rule to produce (.+?) \(if you use input functions")  # Snakemake 9.27
NO_ENTRY = re.compile(r"the study has no such \w+\n  where: (.+)\n")  # workflow/targets.py
SECONDS = 600  # a plan of thousands of jobs takes some seconds


def plan(
    study: str = DEFAULT, targets: list[str] | None = None, look: bool = False, root: Path = Path()
) -> list[AssessedJob]:
    """Return the jobs that make `targets` (default: the whole study), as rules/plan.py of the project prints them."""
    options = ["--study", study, *(["--look"] if look else [])]
    command = [sys.executable, "rules/plan.py", *options, *(targets or [])]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode or not done.stdout:
        text = done.stderr.strip().removeprefix("Building DAG of jobs...").strip()
        raise refusal(text, study, _outputs(study, root) if targets else (), root)
    return [AssessedJob.read(job, " ".join(command[1:])) for job in json.loads(done.stdout)]


def refusal(text: str, study: str, outputs: Collection[str] = (), root: Path = Path()) -> PipelineError:
    """Return Snakemake's message as an error; a fault in the study file raises its own PipelineError.

    `outputs` are the files that the whole study makes; one is suggested in place of an unknown target.
    """
    path = study_path(study, root)
    results = results_folder(study, load_study(path))
    unknown = NO_RULE.search(text) or NO_ENTRY.search(text)
    target = None if unknown is None else unknown[1]
    if target is None:
        return PipelineError(f"Snakemake cannot plan this study:\n{text[-1000:]}", where=path)
    others = [part for part in Path(target).parts if part in study_names(root) and part != study]
    if others:
        cure = f"name its study: --study {others[0]}"
    else:
        cure = suggest(target, outputs, f"name a file such as {results}/BENCHMARK_score.json")
    return PipelineError("this study does not make this file", where=path, value=target, cure=cure)


def _outputs(study: str, root: Path) -> list[str]:
    """Return the outputs of a study's jobs; empty if the study cannot be planned either."""
    try:
        return [path for job in plan(study, root=root) for path in job.outputs.values()]
    except PipelineError:
        return []
