"""Print the jobs of a study as JSON: files, the three parameters, status and causes, whether Snakemake would run each.

`inputs` leaves out heavy files (`ancient`), whose manifests stand there; `waits_for` names verdicts, which hold a job
back and decide no byte of it; `reads` has all.

python rules/plan.py [--study NAME] [--look] [TARGET ...]
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import CliException, RuleException, WorkflowError
from snakemake.jobs import Job
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.status import assess
from pipeline_lib.workflow.planned import jobs_in_order, planned


def main() -> None:
    """Parse the command line, print the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="config")
    parser.add_argument("--look", action="store_true", help="look at sources of any size")
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    config = {} if arguments.study == "config" else {"study": arguments.study}
    try:
        jobs = plan(config | ({"look": "all"} if arguments.look else {}), set(arguments.targets))
        assessments = assess([job for job, _ in jobs], CurrentState(look=arguments.look))
    except (PipelineError, CliException, RuleException, WorkflowError) as error:
        sys.exit(str(error))
    entries = [job.entry() | more | assessments[job.record].as_plan() for job, more in jobs]
    sys.stdout.write(json.dumps(entries) + "\n")


def plan(config: dict[str, str], targets: set[str]) -> list[tuple[PlannedJob, dict[str, Any]]]:
    """Return all jobs of the study, in an order in which they could run, each with what `needs` returns."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config=config),
            snakefile=Path("Snakefile"),
        )
        workflow.dag(dag_settings=DAGSettings(targets=frozenset(targets)))
        inner = workflow._workflow
        inner._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
        inner._build_dag()
        return [(planned(job), needs(job, inner.dag.needrun(job))) for job in jobs_in_order(inner.dag)]


def gpus(job: Job) -> int:
    """Return how many GPUs a job takes, on all of its nodes."""
    each = job.resources.get("gres", "gpu:0").rpartition(":")[2]
    return int(job.resources.get("gpu", 0)) + int(each) * int(job.resources.get("nodes", 1))


def needs(job: Job, runs: bool) -> dict[str, Any]:
    """Return a job's GPUs and memory, and whether Snakemake would run it, for its entry in the plan."""
    return {"gpus": gpus(job), "memory_mb": int(job.resources.mem_mb), "runs": runs}


if __name__ == "__main__":
    main()
