"""The report of failed jobs: the end of each log, and the command that resumes the run."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Sequence

LINES = 10


@dataclass(frozen=True)
class Failed:
    """A failed job: its rule and wildcards, and the log of its program."""

    name: str
    log: Path


def failed_jobs(scheduler: Any) -> list[Failed]:
    """Return the jobs of Snakemake's scheduler that failed in all attempts; of a group job, those without outputs."""
    jobs = [job for failed in scheduler.failed for job in (failed.jobs if failed.is_group() else [failed])]
    return [
        Failed(" ".join([job.rule.name, *job.wildcards_dict.values()]), Path(job.log.text))
        for job in jobs
        if not all(Path(path).exists() for path in job.output)
    ]


def earlier_scores(paths: Iterable[str], show: str) -> str:
    """Return a note, after a failure, about score files of an earlier run; `show` is the command that prints them."""
    earlier = [path for path in paths if Path(path).exists()]
    return f"These scores are of an earlier run; `{show}` gives their status: {', '.join(earlier)}" if earlier else ""


def failure_text(failed: Iterable[Failed], command: Sequence[str]) -> str:
    """Return the message about failed jobs, with the end of each log, or a line that nothing was logged."""
    parts = [f"{job.name} failed. {_end(job.log)}" for job in sorted(failed, key=lambda job: job.name)]
    return "\n".join([*parts, "Finished jobs are kept. Resume with the same command:", f"  {shlex.join(command)}"])


def _end(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    if not lines:
        return f"It wrote nothing to {log}: it was killed, or its node could not start it."
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in lines[-LINES:])])
