"""Write stages into dvc.lock and their files into DVC's cache, as `dvc commit --force STAGE …` does.

That command reads the whole pipeline again for every stage, which takes a second each.
"""

from collections import defaultdict
from typing import Any


def record_stages(names: set[str]) -> None:
    """Record stages of dvc.yaml by name, and .dvc files by their path."""
    from dvc.repo import Repo  # slow to import: only this command waits for it
    from dvc.repo.scm_context import scm_context

    with Repo() as repo, repo.lock:
        scm_context(_record)(repo, names)


def _record(repo: Any, names: set[str]) -> None:
    by_file: dict[Any, list[Any]] = defaultdict(list)
    for stage in repo.index.stages:
        if stage.addressing in names:
            stage.save()
            stage.commit()
            by_file[stage.dvcfile].append(stage)
    for file, stages in by_file.items():
        file.dump_stages(stages, update_pipeline=False)
