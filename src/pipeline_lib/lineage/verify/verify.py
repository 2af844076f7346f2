"""Verify a job: execute it again from its record, grade the new bytes, name the hazards, store the verdict."""

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Iterator

from pipeline_lib.core import locks
from pipeline_lib.core.digests import DigestCache, digest_file, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import remove
from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import job_name
from pipeline_lib.lineage.diff import job_changes
from pipeline_lib.lineage.public import public_text
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.verify import workplace
from pipeline_lib.lineage.verify.outputs import compare_outputs
from pipeline_lib.lineage.verify.rerun import rerun
from pipeline_lib.lineage.verify.scores import CHEAP, same_scores
from pipeline_lib.lineage.verify.verification import Grade, Hazard, Verification, recall, store
from pipeline_lib.machine.facts import library_versions, machine_facts

UNEXPLAINED = (
    "nothing explains it: inputs, settings, code, libraries and machine are as recorded. "
    "The job is not deterministic, or the record or the outputs are not what it wrote"
)
OLD = "its record is of an older version, which does not state the command line"
KEY = 24  # hexadecimal digits of a key that name a folder


@dataclass(frozen=True)
class Request:
    """How to verify: the share by which numbers may differ; whether a verdict that exists is made again.

    `scores`: whether the jobs below a training or merge that differs run again too, to compare the metrics.
    """

    tolerance: float
    again: bool = False
    scores: bool = False


def verify(records: Records, path: Path, record: MadeRecord, request: Request) -> Verification:
    """Return the verdict on a job's record, an earlier one where record, code, machine and tolerance are the same.

    The project's own artefacts are only read. An interrupted verification continues when it is called again.
    """
    key = _key(path, record, request)
    earlier = None if request.again else recall(path, key)
    if earlier is not None:
        return earlier
    began = time.monotonic()
    fault = _obstacle(path, record)
    if fault is not None:
        return _impossible(path, record, request, key, fault)
    with _alone(workplace.FOLDER / key[:KEY]) as folder:
        verification = _execute(records, (path, record), request, key, folder)
    verification = replace(verification, seconds=round(time.monotonic() - began, 3))
    if verification.grade is not Grade.IMPOSSIBLE:
        store(path, verification)
    return verification


def _execute(
    records: Records, recorded: tuple[Path, MadeRecord], request: Request, key: str, folder: Path
) -> Verification:
    """Return the verdict of an execution in a folder; then remove the folder."""
    path, record = recorded
    try:
        place = workplace.prepare(folder, records, record)
    except PipelineError as error:
        return _impossible(path, record, request, key, str(error))
    done = rerun(place, record)
    if done.record is None:
        remove(place.folder)
        return _impossible(path, record, request, key, f"{done.fault.splitlines()[0]} ({place.origin})")
    compared = compare_outputs(record, done.record, place.folder, request.tolerance)
    follow = compared.grade is Grade.DIFFERENT and (record.stage == CHEAP or request.scores)
    if follow and same_scores(records, record, place, request.tolerance):
        compared = replace(compared, grade=Grade.METRIC)
    hazards = [Hazard(change.kind, change.text) for change in job_changes(record, done.record)]
    hazards += [Hazard("accepted", public_text(f"without a rerun: {each['because']}")) for each in record.accepted]
    remove(place.folder)
    text = "" if compared.grade is Grade.IDENTICAL or hazards else UNEXPLAINED
    facts = (compared.differences, hazards, place.origin, 0.0, _now(), key)
    return Verification(
        job_name(record), path.as_posix(), compared.grade, text, compared.distance, request.tolerance, *facts
    )


def _obstacle(path: Path, record: MadeRecord) -> str | None:
    """Return why a job cannot be executed again from its record; None where it can."""
    if not record.is_sealed:
        return f"{path} was edited since it was written"
    if record.path is None or not record.artefact:
        return f"{OLD}; a new run of Snakemake writes one"
    names = list(record.inputs)
    present = [name for name in names if Path(name).is_file()]
    digests = dict(zip(present, DigestCache().digests(list(map(Path, present))), strict=True))
    for name in names:
        if name not in digests:
            return f"its input {name} is not here"
        if digests[name] != record.inputs[name]:
            return f"its input {name} has other bytes than the job read: it was made again, or altered"
    return None


def _key(path: Path, record: MadeRecord, request: Request) -> str:
    """Return the digest of what decides a verdict: record, code, libraries, machine, tolerance."""
    facts = {name: value for name, value in machine_facts().items() if name not in ("node", "torch")}
    present = workplace.present_code(record)
    parts = [
        digest_file(path),
        present,
        library_versions(list(record.libraries)),
        facts,
        request.tolerance,
        request.scores,
    ]
    return digest_text(canonical_json(parts))


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """Yield a folder's absolute path while no other process verifies in it; raise PipelineError where one does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("a+") as file:
        if not locks.try_take(file, without_locks="verifications are not locked"):
            raise PipelineError("another process verifies this job", where=folder, cure="wait for it")
        yield folder.absolute()
    folder.with_suffix(".lock").unlink(missing_ok=True)


def _impossible(path: Path, record: MadeRecord, request: Request, key: str, text: str) -> Verification:
    facts: tuple[Any, ...] = (None, request.tolerance, [], [], "", 0.0, _now(), key)
    return Verification(job_name(record), path.as_posix(), Grade.IMPOSSIBLE, public_text(text), *facts)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
