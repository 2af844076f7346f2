"""Publish the digests of a study's artefacts, and compare the artefacts here with published digests.

The digests leave out files that affect no number: raw files, pictures, pages and verdicts.
"""

import platform
from pathlib import Path
from typing import Any, Literal, Sequence

from pydantic import Field, ValidationError

from pipeline_lib.core.digests import DigestCache, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.manifest import SUFFIX, Manifest
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.dvc.dvc_lock import locked_files, locked_stages, md5_file
from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.why import differences

Digests = dict[str, str]

RULES = ("convert", "index", "tabulate", "sample", "weights", "train", "merge", "predict", "judge", "score", "gather")
SUFFIXES = (".tar", ".parquet", ".jsonl", ".safetensors", ".json")


class Stage(Settings):
    """One job's artefacts: the sha256 of every file by its path, and the job's settings, code and libraries."""

    files: Digests
    settings: str = Field(description="16 hexadecimal digits of the settings' sha256")
    code: str
    libraries: dict[str, str]


class Published(Settings):
    """The artefacts of a study by stage, in the order in which they are made."""

    format: Literal[1] = 1
    study: str
    architecture: str
    stages: dict[str, Stage]


def publish(study: str, jobs: list[AssessedJob]) -> Published:
    """Return the digests of all artefacts of a plan; a missing or stale one raises PipelineError."""
    cache = DigestCache()
    numeric = [job for job in jobs if job.rule in RULES]
    unsound = next((job for job in numeric if job.status is not Status.OK), None)
    if unsound is not None:
        value = f"{unsound.status}: {'; '.join(unsound.causes)}"
        raise PipelineError(
            "this stage is not up to date", where=unsound.name, value=value, cure="make the study: snakemake"
        )
    stages = {job.name: Stage(files=_digests(_files(job), cache), **_made_by(job)) for job in numeric}
    return Published(study=study, architecture=platform.machine(), stages=stages)


def read_published(path: Path) -> Published:
    """Return the content of a file of digests; any other file raises PipelineError."""
    try:
        return Published.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        cure = "name a file that `vlmflow lineage publish` wrote, or a dvc.lock"
        fault = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise PipelineError("this is not a file of digests", where=path, value=fault, cure=cure) from error


def differences_to(published: Published, jobs: Sequence[PlannedJob]) -> tuple[int, list[str]]:
    """Return the number of artefacts compared, and lines about the first stage that differs, if any."""
    if not published.stages:
        raise PipelineError("this file has no digests: there is nothing to compare", where=published.study)
    cache = DigestCache()
    makers = {job.name: job for job in jobs}
    for name, stage in published.stages.items():
        digests = _digests([path for path in stage.files if Path(path).is_file()], cache)
        lines = _unequal(stage.files, digests)
        if lines:
            return len(stage.files), [_first(name), *lines, *_reasons(published, stage, makers.get(name))]
    return sum(len(stage.files) for stage in published.stages.values()), []


def differences_to_lock(lock: Path, jobs: Sequence[PlannedJob]) -> tuple[int, list[str]]:
    """Return the same as `differences_to` for the outputs in a dvc.lock; folders are compared by their manifests."""
    locked = {path: md5 for entry in locked_stages(lock).values() for path, md5 in locked_files(entry).items()}
    compared, present = 0, CurrentState()
    for job in jobs:
        expected = {path: locked[path] for path in job.outputs.values() if path in locked}
        digests = {path: md5_file(Path(path)) for path in expected if Path(path).is_file()}
        manifests = [Path(path) for path in expected if path.endswith(SUFFIX)]
        lines = _unequal(expected, digests) or [
            f"  {fault}" for manifest in manifests for fault in present.manifest_faults(manifest)
        ]
        if lines:
            return len(expected), [_first(job.name), *lines, *_inputs(job)]
        compared += len(expected)
    if not compared:
        raise PipelineError("this dvc.lock has no output of this study: there is nothing to compare", where=lock)
    return compared, []


def _made_by(job: PlannedJob) -> dict[str, Any]:
    settings = digest_text(canonical_json(job.settings))[:16]
    return {"settings": settings, "code": job.code_digest, "libraries": job.libraries}


def _files(job: PlannedJob) -> list[str]:
    """Return the files of a job that affect numbers: those in its manifest, and its other outputs."""
    outputs = {name: path for name, path in job.artefact.items() if name != "curve"}
    paths = [path for path in outputs.values() if path.suffix in SUFFIXES and not path.name.endswith(".verdict.json")]
    if job.manifest is not None:
        if not job.manifest.is_file():
            raise PipelineError("this artefact is missing", where=job.manifest, cure="make the study first: snakemake")
        paths += [path for path in Manifest(job.manifest, DigestCache()).files() if path.suffix in SUFFIXES]
    return sorted({path.as_posix() for path in paths})


def _digests(paths: list[str], cache: DigestCache) -> Digests:
    absent = next((path for path in paths if not Path(path).is_file()), None)
    if absent is not None:
        raise PipelineError("this artefact is missing", where=absent, cure="make the study first: snakemake")
    return dict(zip(paths, cache.digests([Path(path) for path in paths]), strict=True))


def _first(name: str) -> str:
    return f"the first stage that differs: {name}"


def _unequal(expected: Digests, digests: Digests) -> list[str]:
    """Return a line for every file whose digest is not the expected one; `digests` lacks missing files."""
    return [
        f"  {path}: {'other bytes' if path in digests else 'missing'}"
        for path, digest in expected.items()
        if digests.get(path) != digest
    ]


def _inputs(job: PlannedJob) -> list[str]:
    return [f"  made from {path}" for path in job.inputs]


def _reasons(published: Published, stage: Stage, job: PlannedJob | None) -> list[str]:
    """Return the inputs of a stage, and the possible reasons for the difference."""
    if job is None:
        return ["  this study has no such stage"]
    planned = _made_by(job)
    reasons = [f"made by other {name}" for name in ("settings", "code") if planned[name] != getattr(stage, name)]
    reasons += differences(stage.libraries, planned["libraries"], "libraries")
    if platform.machine() != published.architecture:
        reasons.append(f"processor: {published.architecture} → {platform.machine()}")
    if job.settings.get("numerics") == "native":
        reasons.append("numerics: native: processors round differently")
    unknown = "neither settings, code nor libraries differ: see docs/equal_bytes.md for processors without equal bytes"
    return [*_inputs(job), *(f"  {reason}" for reason in reasons or [unknown])]
