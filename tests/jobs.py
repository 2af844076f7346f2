"""Planned jobs and records of jobs, as plain values: tests name the fields that matter."""

from typing import Any

from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.record import FIELDS
from pipeline_lib.lineage.jobs import AssessedJob


def assessed_job(rule: str = "train", **fields: Any) -> AssessedJob:
    """Return a job that is sound and would not run, as rules/plan.py prints it, with other fields as named."""
    texts = {"rule": rule, "record": f"results/records/{rule}/a.json", "code": "c0de", "shell": "feed"}
    files = {"inputs": [], "waits_for": [], "reads": [], "outputs": {}}
    others = {"wildcards": {}, "settings": {}, "libraries": {}, "gpus": 0, "memory_mb": 2000}
    state = {"runs": False, "status": "ok", "causes": [], "unseen": None}
    return AssessedJob.read({**texts, **files, **others, **state, **fields}, "a test's plan")


def made_record(**fields: Any) -> MadeRecord:
    """Return the record of a job that succeeded, with other fields as named."""
    texts = {"stage": "train", "code": "c0de", "started": "2026-01-01T00:00:00+00:00"}
    tables = {name: {} for name, kind in FIELDS.items() if kind is dict}
    ending = {"exit": 0, "seconds": 1.0, "error": None, "accepted": [], "reused": None}
    return MadeRecord.of({**texts, **tables, **ending, **fields})
