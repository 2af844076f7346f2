"""Cancel the Slurm jobs of a killed Snakemake, which the next Snakemake cannot take over.

Otherwise they would run beside the new jobs, and remove the new jobs' outputs when they fail.
"""

import shutil
import time
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.commands import ask

FIELDS = "jobarrayid:|,workdir:|,comment:|"
MARK = "rule_"  # the executor's comment on a job begins with it
SECONDS = 300  # a job may take a while to end after the signal


def cancel_orphans(folder: Path, seconds: float = SECONDS) -> list[str]:
    """Cancel this user's jobs of the workflow in `folder`, wait until they have ended, and return their numbers.

    Call it only when no other Snakemake runs there. Jobs that do not end raise PipelineError.
    """
    if shutil.which("squeue") is None:
        return []
    orphans = _listed(folder)
    if orphans:
        ask("scancel", *orphans)
    deadline = time.monotonic() + seconds
    while left := _listed(folder):
        if time.monotonic() > deadline:
            raise PipelineError("jobs of a killed Snakemake do not end", value=left, cure=f"scancel {' '.join(left)}")
        time.sleep(1)
    return orphans


def _listed(folder: Path) -> list[str]:
    """Return the numbers of pending, running and completing jobs; none where Slurm does not answer."""
    command = ["squeue", "--me", "--array", "--noheader", "--Format", FIELDS]
    printed, fault = ask(*command)
    fields = [] if fault else [line.split("|") for line in printed.splitlines()]
    return [number for number, workdir, comment, *_ in fields if workdir == str(folder) and comment.startswith(MARK)]
