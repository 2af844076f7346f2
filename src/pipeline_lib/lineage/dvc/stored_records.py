"""The ledger: copies of the records of committed stages, in a folder that DVC tracks.

The live records change with every run; the copies change only with a commit, so that `dvc status` stays clean.
"""

import shutil
from pathlib import Path
from typing import Callable

from pipeline_lib.core.files import remove, write_text
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.lineage.dvc.stages import Stage
from pipeline_lib.lineage.jobs import AssessedJob

FOLDER = Path("data/ledger")
FILE = Path("records.dvc")


def store(stages: list[Stage]) -> None:
    """Copy the records of committed stages into the ledger."""
    for job in _jobs(stages):
        _copy(job.record_path, ledger_path(job))
    if not FILE.is_file():
        write_text(FILE, f"outs:\n- path: {FOLDER.as_posix()}\n  hash: md5\n")


def bring_back(stages: list[Stage], is_told: Callable[[PlannedJob], bool]) -> list[str]:
    """Copy the ledger's records that match the present files to the jobs' paths; return the stages that lack one."""
    matching = {job.record for job in _jobs(stages) if is_told(job)}
    for record in sorted(matching):
        _copy(FOLDER / record, Path(record))
    return [stage.name for stage in stages if not matching.issuperset(job.record for job in stage.jobs)]


def bring_back_absent(stages: list[Stage]) -> None:
    """Copy the ledger's records of absent stages that have no live record, so that edits of those records show, too."""
    for job in _jobs(stages):
        if ledger_path(job).is_file() and not job.record_path.exists():
            _copy(ledger_path(job), job.record_path)


def ledger_path(job: PlannedJob) -> Path:
    """Return the path of a job's record in the ledger."""
    return FOLDER / job.record


def _jobs(stages: list[Stage]) -> list[AssessedJob]:
    return [job for stage in stages for job in stage.jobs]


def _copy(source: Path, target: Path) -> None:
    """Copy a record, replacing the target, which may be a link into DVC's cache."""
    remove(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
