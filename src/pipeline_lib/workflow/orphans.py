"""Slurm jobs that a killed Snakemake left in the queue; the next one cannot take them over, so it ends them.

Left alone they would work beside the new ones, and remove what those made when their own steps fail.
"""

import shutil
import time
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.commands import ask

FIELDS = "jobarrayid:|,workdir:|,comment:|"
MARK = "rule_"  # the executor's comment on a job begins with it
SECONDS = 300  # a job may have a while between the signal to end and its end


def cancel_orphans(folder: Path, seconds: float = SECONDS) -> list[str]:
    """Cancel this person's jobs of a workflow in `folder`, wait until they have ended, and return their numbers.

    Only who is sure that no other Snakemake is at work there may call it. Jobs that do not end raise PipelineError.
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
    """Return the numbers of jobs that wait, run or are ending; none where Slurm does not answer."""
    command = ["squeue", "--me", "--array", "--noheader", "--Format", FIELDS]
    printed, fault = ask(*command)
    found = [] if fault else [line.split("|") for line in printed.splitlines()]
    return [number for number, place, comment, *_ in found if place == str(folder) and comment.startswith(MARK)]
