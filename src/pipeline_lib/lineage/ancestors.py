"""The jobs above a result, as their records state them, each once."""

from pathlib import Path
from typing import Sequence

from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records


def ancestors(records: Records, outputs: Sequence[str]) -> list[MadeRecord]:
    """Return the records of the jobs that made some outputs and all their inputs: every job after its inputs' jobs."""
    ordered: dict[int, MadeRecord] = {}
    waiting = [(name, False) for name in reversed(outputs)]
    while waiting:
        name, is_last = waiting.pop()
        record = records.find(name)
        if record is None or id(record) in ordered:
            continue
        if is_last:
            ordered[id(record)] = record
            continue
        waiting.append((name, True))
        waiting += [(above, False) for above in reversed(record.inputs)]
    return list(ordered.values())


def narrowed(records: Records, reference: Reference) -> str:
    """Return the output that a reference is about: of a run in a file of gathered scores, the run's own score file."""
    made = records.made(reference.path)
    if made.record.stage == "gather" and len(reference.names) > 1 and reference.names[0] == "runs":
        for name in made.record.inputs:
            if Path(name).parent.name == reference.names[1]:
                return name
    return made.path


def job_name(record: MadeRecord) -> str:
    """Return the name of a job in logs: its stage and what it makes; one without a path has its first output."""
    if record.path is None:
        return f"{record.stage} {next(iter(record.outputs), canonical_json(record.settings))}"
    return " ".join(Path(record.path).with_suffix("").parts[-2:])


def artefact_of(output: str) -> str:
    """Return the name of an artefact without the suffix of its manifest."""
    return output.removesuffix(".manifest.json")
