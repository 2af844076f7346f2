"""Estimate the cost of every stage of a plan that would run."""

from pathlib import Path

from pipeline_lib.config.study import Study
from pipeline_lib.core.files import LISTING
from pipeline_lib.cost.cost import Cost, summed
from pipeline_lib.cost.trainings import seconds_a_step, steps_of, training_need, training_sizes
from pipeline_lib.downloads.pins import Pins
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import read_entries
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.dvc.stages import Stage, stages
from pipeline_lib.lineage.jobs import AssessedJob

TENSOR = 4  # bytes of a number in a checkpoint that this project writes


def costs(study: Study, results: Path, plan: list[AssessedJob], records: list[MadeRecord]) -> list[Cost]:
    """Return the costs of the stages of a plan in which a job would run, in the plan's order."""
    order = {job.rule: position for position, job in reversed(list(enumerate(plan)))}
    running = [stage for stage in stages(plan) if any(job.runs for job in stage.jobs)]
    return [_cost(study, results, stage, records) for stage in sorted(running, key=lambda stage: order[stage.rule])]


def _cost(study: Study, results: Path, stage: Stage, records: list[MadeRecord]) -> Cost:
    jobs = [job for job in stage.jobs if job.runs]
    downloads = _downloads(study, jobs[0])
    if stage.rule == "train":
        return _training(study, results, stage.name, jobs[0], records)
    hours = _hours_before(jobs)
    disk = summed(_size_before(job) for job in jobs)
    memory = max(job.memory_mb for job in jobs) * 10**6
    gpu_hours = _gpu_hours(hours, jobs)
    size = None if disk is None else int(disk)
    return Cost(stage.name, len(jobs), hours, gpu_hours, size, memory, downloads)


def _training(study: Study, results: Path, stage: str, job: AssessedJob, records: list[MadeRecord]) -> Cost:
    name = job.wildcards["training"]
    training, sizes = study.trainings[name], training_sizes(study, name)
    if sizes is None:
        gpu_hours = None if job.gpus else 0.0
        return Cost(stage, 1, _hours_before([job]), gpu_hours, None, None, 0)
    rate, steps = seconds_a_step(records, job.settings, sizes), steps_of(study, name, results)
    hours = _hours_before([job]) if rate is None or steps is None else rate * steps / 3600
    gpu_hours = _gpu_hours(hours, [job])
    memory = training_need(study, name, sizes, results)
    saved = sizes.trained if training.recipe.saves == "adapter" else sizes.parameters
    return Cost(stage, 1, hours, gpu_hours, TENSOR * saved, None if memory is None else memory.total, 0)


def _gpu_hours(hours: float | None, jobs: list[AssessedJob]) -> float | None:
    """Return the GPU hours of jobs, 0 where they take no GPU."""
    gpus = max(job.gpus for job in jobs)
    return 0.0 if not gpus else (None if hours is None else hours * gpus)


def _hours_before(jobs: list[AssessedJob]) -> float | None:
    """Return the hours of the jobs' last runs with equal settings, None where one has no such run."""
    seconds = summed(map(_seconds_before, jobs))
    return None if seconds is None else seconds / 3600


def _seconds_before(job: AssessedJob) -> float | None:
    record = CurrentState().record(job.record)
    if record is None or not record.succeeded or record.settings != job.settings:
        return None
    return record.making_seconds


def _size_before(job: AssessedJob) -> float | None:
    """Return the bytes of a job's present outputs, None where one is missing."""
    manifest = job.manifest
    if manifest is None:
        return summed(path.stat().st_size if path.is_file() else None for path in job.output_paths)
    folder = manifest.parent / manifest.name.removesuffix(".manifest.json")
    if not manifest.is_file() or ("listing" in manifest.read_text() and not (folder / LISTING).is_file()):
        return None
    return sum(entry.size for entry in read_entries(manifest))


def _downloads(study: Study, job: AssessedJob) -> int | None:
    """Return the bytes that a dataset's shards download, from their pins; None where a pin has no size."""
    if job.rule != "fetch":
        return 0
    dataset = study.datasets[job.wildcards["dataset"]]
    known = Pins().all()
    sizes = summed(known.get(name, {}).get("size") for name in dataset.source.pins(dataset.shards))
    return None if sizes is None else int(sizes)
