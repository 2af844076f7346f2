"""Make Snakemake (9) plan jobs behind `ancient` files, such as a verdict that a training waits for.

Snakemake does not examine the jobs below a job that must run, because they will run too. But where all files between
the two are `ancient`, the lower job does not run, and a change of its settings would go unseen until the next command.
"""

from typing import Any, Callable, Iterator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.facts import library_versions

WALK = "bfs"  # the method of Snakemake's DAG that walks from a job to those above or below it

Walk = Callable[..., Iterator[Any]]


def see_changes_behind_ancient(dag: type) -> None:
    """Make the downward walk of Snakemake's DAG class follow only dependencies that trigger a run.

    A class without this walk raises PipelineError.
    """
    walk = getattr(dag, WALK, None)
    if walk is None:
        raise PipelineError(
            f"this project cannot patch this version of Snakemake: {WALK!r} is gone",
            where=dag.__module__,
            value=library_versions(["snakemake"]),
            cure="make setup installs the pinned version",
        )
    setattr(dag, WALK, _walk(walk))


def _walk(walk: Walk) -> Walk:
    def walk_down(dag: Any, direction: Any, *jobs: Any, **options: Any) -> Iterator[Any]:
        if direction is not dag.depending:
            return walk(dag, direction, *jobs, **options)
        return walk(dag, _Triggering(direction), *jobs, **options)

    return walk_down


class _Triggering:
    """The jobs that a run of their dependency triggers."""

    def __init__(self, depending: Any) -> None:
        self._depending = depending

    def __getitem__(self, job: Any) -> dict[Any, Any]:
        return {
            below: files for below, files in self._depending[job].items() if not all(file.is_ancient for file in files)
        }
