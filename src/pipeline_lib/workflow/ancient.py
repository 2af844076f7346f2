"""Make Snakemake (9) plan jobs behind `ancient` files, such as a verdict that a training waits for.

Snakemake does not examine the jobs below a job that must run, because they will run too. But where all files between
the two are `ancient`, the lower job does not run, and a change of its settings would go unseen until the next command.
"""

from typing import Any, Awaitable, Callable, Iterator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.facts import library_versions

WALK = "bfs"  # the method of Snakemake's DAG that walks from a job to those above or below it
UPDATE = "update_needrun"  # the method that walks down from every job with a reason of its own to run
FLAG = "_vlmflow_is_ancient"
MASKED = "_vlmflow_masked"

Walk = Callable[..., Iterator[Any]]
Update = Callable[..., Awaitable[None]]


def see_changes_behind_ancient(dag: type) -> None:
    """Make the downward walk of Snakemake's DAG class follow only dependencies that trigger a run.

    A class without this walk raises PipelineError.
    """
    walk, update = _method(dag, WALK), _method(dag, UPDATE)
    setattr(dag, WALK, _walk(walk))
    setattr(dag, UPDATE, _update(update))


def _method(dag: type, name: str) -> Any:
    method = getattr(dag, name, None)
    if method is None:
        raise PipelineError(
            f"this project cannot patch this version of Snakemake: {name!r} is gone",
            where=dag.__module__,
            value=library_versions(["snakemake"]),
            cure="make setup installs the pinned version",
        )
    return method


def _walk(walk: Walk) -> Walk:
    def walk_down(dag: Any, direction: Any, *jobs: Any, **options: Any) -> Iterator[Any]:
        if direction is not dag.depending:
            return walk(dag, direction, *jobs, **options)
        masked = vars(dag).get(MASKED)
        if masked is None:
            return walk(dag, _Triggering(direction), *jobs, **options)
        return _first_visits(walk(dag, _Triggering(direction), *jobs, stop=masked.__contains__), masked)

    return walk_down


def _update(update: Update) -> Update:
    """Let the walks of one update, whose jobs Snakemake joins in one set, end where an earlier walk was.

    They would visit every job once for each job above it.
    """

    async def update_once(dag: Any, *arguments: Any, **options: Any) -> None:
        setattr(dag, MASKED, set())
        try:
            await update(dag, *arguments, **options)
        finally:
            vars(dag).pop(MASKED, None)

    return update_once


def _first_visits(jobs: Iterator[Any], masked: set[Any]) -> Iterator[Any]:
    for job in jobs:
        masked.add(job)
        yield job


class _Triggering:
    """The jobs that a run of their dependency triggers."""

    def __init__(self, depending: Any) -> None:
        self._depending = depending

    def __getitem__(self, job: Any) -> dict[Any, Any]:
        return {below: files for below, files in self._depending[job].items() if not all(map(_is_ancient, files))}


def _is_ancient(file: Any) -> bool:
    """Return Snakemake's flag, read once a file: a walk asks for each edge, and Snakemake walks from every job."""
    flag: bool | None = getattr(file, FLAG, None)
    if flag is None:
        flag = bool(file.is_ancient)
        setattr(file, FLAG, flag)
    return flag
