"""What the Snakefile does before it knows its jobs: read study and site, clear the remains of a killed run, patch."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Collection, Iterator, Mapping

from snakemake.exceptions import CliException

from pipeline_lib.config.load import DEFAULT, load_study, study_name, study_path
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job import warm_start
from pipeline_lib.machine.site import starts_warm
from pipeline_lib.machine.slurm_site import Cluster, read_cluster
from pipeline_lib.workflow.executor_fixes import patch_slurm_executor
from pipeline_lib.workflow.group_texts import patch_group_resources
from pipeline_lib.workflow.orphans import cancel_orphans
from pipeline_lib.workflow.targets import expect_known_targets
from pipeline_lib.workflow.workflow_lock import WorkflowLock

Log = Callable[[str], None]


class StartupError(CliException):  # type: ignore[misc]
    """An error of which Snakemake prints the text alone."""

    __traceback__ = None  # Snakemake prints its lines below the text of any error raised in a rules file


@contextmanager
def workflow_errors() -> Iterator[None]:
    """Raise StartupError in place of PipelineError."""
    try:
        yield
    except PipelineError as error:
        raise StartupError(str(error)) from None


@workflow_errors()
def read_study(config: Mapping[str, Any]) -> tuple[str, Study]:
    """Return the name and the tree of the study that `--config study=NAME` selects; studies are never merged."""
    unknown = sorted(set(config) - {"study", "look"})
    if unknown or config.get("look", "all") != "all":
        raise StartupError(
            f"--config takes only study=NAME and look=all, not {', '.join(unknown) or config['look']}: "
            "settings are in the study's file"
        )
    name = study_name(config.get("study", DEFAULT))
    return name, load_study(study_path(name))


@workflow_errors()
def read_site() -> Cluster:
    """Return the Slurm settings of this site; only `--profile slurm` uses them."""
    return read_cluster()


def check_targets(dag_class: Any, study: Study) -> None:
    """Make Snakemake's DAG class refuse, with a suggestion, a target that names no entry of the study."""
    trained = [*study.trainings, *study.weights]
    entries: dict[str, Collection[str]] = {
        **{"dataset": study.datasets, "table": study.tables, "subset": study.subsets, "weights": study.weights},
        **{"training": study.trainings, "model": trained, "run": study.runs, "benchmark": study.benchmarks},
    }
    init = getattr(dag_class.init, "unpatched", dag_class.init)

    async def checked(dag: Any, *arguments: Any, **keywords: Any) -> None:
        outputs = (output.regex() for rule in dag.rules for output in rule.output)
        try:
            expect_known_targets(map(str, dag.targetfiles), outputs, entries)
        except PipelineError as error:
            raise StartupError(str(error)) from None
        await init(dag, *arguments, **keywords)

    checked.unpatched = init  # type: ignore[attr-defined]
    dag_class.init = checked


def clear_leftovers(log: Log, dry_run: bool) -> WorkflowLock:
    """Clear the remains of a killed Snakemake, refuse to run beside a live one, and return this process's lock."""
    lock = WorkflowLock()
    if lock.alone and not dry_run:
        orphans = cancel_orphans(Path.cwd())
        if orphans:
            log(f"Jobs of a killed run were in Slurm's queue. Cancelled: {', '.join(orphans)}")
    removed = lock.clear()
    if removed:
        log(f"A killed run left its marks or its lock. Removed those of: {', '.join(removed)}")
    if lock.others_at_work() and not dry_run:
        raise StartupError("Another Snakemake is at work in this folder: wait until it ends, or end it.")
    return lock


@workflow_errors()
def offer_warm_start() -> None:
    """Let model jobs on this machine share a process with loaded libraries, unless site.yaml disables it."""
    if starts_warm():
        warm_start.offer()


@workflow_errors()
def patch_executor(requeues: Callable[[], bool]) -> None:
    """Make the Slurm executor, if it is loaded, retry its status queries, and groups of jobs take texts as resources.

    What cannot be patched is refused.
    """
    patch_slurm_executor(requeues)
    patch_group_resources()
