"""How Snakemake (9) plans behind files that only order jobs, such as a verdict that a training waits for.

Left to itself it looks at no job below one that must run: that will run too. But where all files between the two are
`ancient`, it does not, and a changed setting of it would go unseen until the next command.
"""

from typing import Any, Callable, Iterator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.facts import library_versions

WALK = "bfs"  # the method of Snakemake's DAG that walks from a job to those above or below it

Walk = Callable[..., Iterator[Any]]


def see_changes_behind_ancient(dag: type) -> None:
    """Make the walk of Snakemake's DAG class go no further down than a run of a job makes others run.

    A class without this walk raises PipelineError.
    """
    walk = getattr(dag, WALK, None)
    if walk is None:
        raise PipelineError(
            f"this Snakemake plans in another way than this project mends: {WALK!r} is gone",
            where=dag.__module__,
            value=library_versions(["snakemake"]),
            cure="make setup installs the version that is pinned",
        )
    setattr(dag, WALK, _walk(walk))


def _walk(walk: Walk) -> Walk:
    def walk_down(dag: Any, direction: Any, *jobs: Any, **options: Any) -> Iterator[Any]:
        if direction is not dag.depending:
            return walk(dag, direction, *jobs, **options)
        return walk(dag, _Triggering(direction), *jobs, **options)

    return walk_down


class _Triggering:
    """Of the jobs that depend on one, those that it triggers."""

    def __init__(self, depending: Any) -> None:
        self._depending = depending

    def __getitem__(self, job: Any) -> dict[Any, Any]:
        return {
            below: files for below, files in self._depending[job].items() if not all(file.is_ancient for file in files)
        }
