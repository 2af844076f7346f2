"""The records that a user names: by stage, by job, by artefact, or by the record's own path."""

from pathlib import Path
from typing import Sequence

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import artefact_of, job_name
from pipeline_lib.lineage.records import Records

Recorded = tuple[Path, MadeRecord]

EXAMPLES = (
    "name a stage (train), a job (train/full), or an artefact (results/checkpoints/full); --all takes every stage"
)


def selected(records: Records, names: Sequence[str], every: bool) -> list[Recorded]:
    """Return the records of the named stages, jobs and artefacts, each once, in order; none raises PipelineError."""
    if every and names:
        raise PipelineError("--all takes every stage", value=list(names), cure="leave out --all, or the names")
    if not every and not names:
        raise PipelineError("no stage is named", cure=EXAMPLES)
    if records.broken:
        raise PipelineError("\n".join(["these records cannot be read:", *records.broken]), cure="vlmflow check")
    done = [(path, record) for path, record in records.all() if record.succeeded]
    if every and not done:
        raise PipelineError("no stage was made here yet", cure="make the study: snakemake -c2")
    matches = done if every else [entry for name in names for entry in _named(records, done, name)]
    return list({path: (path, record) for path, record in matches}.values())


def _named(records: Records, done: list[Recorded], name: str) -> list[Recorded]:
    text = Path(name).as_posix().rstrip("/")
    by_job = [entry for entry in done if text in (entry[1].stage, job_name(entry[1]), _slashed(entry[1]))]
    if by_job:
        return by_job
    by_path = [entry for entry in done if text == entry[0].as_posix() or text in map(artefact_of, entry[1].outputs)]
    if by_path:
        return by_path
    failed = [each for path, each in records.all() if text in (path.as_posix(), job_name(each), _slashed(each))]
    if failed and not failed[0].succeeded:
        raise PipelineError("this job failed, so it has nothing to verify", value=name, cure="run snakemake")
    try:
        made = records.made(Path(text))
    except PipelineError:
        known = [known for _, record in done for known in (record.stage, _slashed(record), *_artefacts(record))]
        cure = suggest(name, set(known), EXAMPLES)
        raise PipelineError("no stage, job or artefact has this name", value=name, cure=cure) from None
    return [(made.record_path, made.record)]


def _slashed(record: MadeRecord) -> str:
    return job_name(record).replace(" ", "/", 1)


def _artefacts(record: MadeRecord) -> list[str]:
    return [artefact_of(name) for name in record.outputs]
