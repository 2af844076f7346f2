"""A result's lineage in sentences, and as typed records: the result first, then what it was made from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json, read_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import ancestors, job_name, narrowed
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.public import HOST, public, public_text
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.sentences import sentence

BETWEEN = ("score", "predict", "fetch")  # stages with one sentence for all of their many jobs, beyond MOST
MOST = 6


@dataclass(frozen=True)
class Step:
    """A job in the lineage of a result; paths are relative to the project, digests are sha256."""

    job: str
    stage: str
    outputs: dict[str, str]
    inputs: dict[str, str]
    settings: dict[str, Any]
    code: str
    libraries: dict[str, Any]
    machine: dict[str, Any]  # without the host
    commit: str | None
    dirty: bool | None
    started: str
    seconds: float
    accepted: list[dict[str, Any]]


@dataclass(frozen=True)
class Summary:
    """The lineage of a result: its value where a pointer names one, sentences, and all jobs above, the last job first.

    `altered` says how the file differs from its record, None where it does not.
    """

    result: str
    value: Any
    altered: str | None
    sentences: list[str]
    steps: list[Step]


def summarise(records: Records, reference: Reference) -> Summary:
    """Return the lineage of a result; an unknown file or pointer raises PipelineError with a suggestion."""
    made = records.made(reference.path)
    value = public(_value(records.root / made.path, reference))
    above = ancestors(records, [narrowed(records, reference)])[::-1]
    first = [_first(reference, value)] if reference.names else []
    altered = [f"Attention: {made.path} is {made.altered}."] if made.altered else []
    texts = [public_text(text) for text in (*_sentences(above), *_code(above), *_accepted(above))]
    return Summary(str(reference), value, made.altered, [*first, *altered, *texts], [_step(record) for record in above])


def _value(path: Path, reference: Reference) -> Any:
    if not reference.names:
        return None
    if path.suffix != ".json" or not path.is_file():
        cure = "leave out the part after #, or name a score file"
        raise PipelineError("a pointer names a value in a JSON file", where=str(reference), cure=cure)
    return reference.value(read_json(path))


def _first(reference: Reference, value: Any) -> str:
    text = value if isinstance(value, int | float | str) else canonical_json(value)
    return f"{reference} is {text}."


def _sentences(above: list[MadeRecord]) -> list[str]:
    """Return a sentence for every job with one; for many shards or runs, one sentence for all."""
    lines: list[str] = []
    for stage in dict.fromkeys(record.stage for record in above):
        records = [record for record in above if record.stage == stage]
        texts = [text for record in records if (text := sentence(record)) is not None]
        if stage in BETWEEN and len(texts) > MOST:
            texts = [*texts[:2], f"And {len(texts) - 2} more of the stage {stage}."]
        lines += texts
    return lines


def _code(above: list[MadeRecord]) -> list[str]:
    """Return a sentence about the commits that made the bytes."""
    commits = sorted({str(record.making["repository"].get("commit") or "no commit")[:12] for record in above})
    dirty = any(record.making["repository"].get("dirty") for record in above)
    with_changes = ", with uncommitted changes" if dirty else ""
    return [f"{len(above)} jobs made it, at {', '.join(commits)}{with_changes}."]


def _accepted(above: list[MadeRecord]) -> list[str]:
    return [
        f"{job_name(record)}: a change was accepted without a rerun, because {change['because']}."
        for record in above
        for change in record.accepted
    ]


def _step(record: MadeRecord) -> Step:
    making = record.making
    repository = making["repository"]
    return Step(
        job=job_name(record),
        stage=record.stage,
        outputs=record.outputs,
        inputs=record.inputs,
        settings=public(record.settings),
        code=record.code,
        libraries=record.libraries,
        machine={name: value for name, value in public(making["machine"]).items() if name != HOST},
        commit=repository.get("commit"),
        dirty=repository.get("dirty"),
        started=making["started"],
        seconds=record.making_seconds,
        accepted=public(record.accepted),
    )
