"""Print the jobs of a study as JSON: inputs, outputs by name, the three parameters, whether Snakemake would run each.

`inputs` leaves out heavy files (`ancient`), whose manifests stand there; `waits_for` names verdicts, which hold a job
back and decide no byte of it; `reads` has all.

python rules/plan.py [--study NAME] [TARGET ...]
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.io import is_flagged
from snakemake.jobs import Job
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings


def main() -> None:
    """Parse the command line, print the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="config")
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    config = {} if arguments.study == "config" else {"study": arguments.study}
    jobs = plan(config, set(arguments.targets))
    sys.stdout.write(json.dumps(jobs) + "\n")


def plan(config: dict[str, str], targets: set[str]) -> list[dict[str, Any]]:
    """Return all jobs of the study, in an order in which they could run."""
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
        levels = inner.dag.toposorted()
        return [entry(job, inner.dag.needrun(job)) for level in levels for job in sorted(level, key=str) if job.output]


def gpus(job: Job) -> int:
    """Return how many GPUs a job takes, on all of its nodes."""
    each = job.resources.get("gres", "gpu:0").rpartition(":")[2]
    return int(job.resources.get("gpu", 0)) + int(each) * int(job.resources.get("nodes", 1))


def entry(job: Job, runs: bool) -> dict[str, Any]:
    """Return what the plan says of one job."""
    shell = hashlib.sha256(job.rule.shellcmd.encode()).hexdigest()[:16]
    return {
        "rule": job.rule.name,
        "wildcards": dict(job.wildcards_dict),
        "inputs": [str(path) for path in job.input if not is_flagged(path, "ancient")],
        "waits_for": [str(path) for path in [job.input.get("clearance")] if path is not None],
        "reads": [str(path) for path in job.input],
        "outputs": {name: str(path) for name, path in job.output.items()},
        "record": str(job.log.record),
        "settings": json.loads(job.params.cfg),
        "code": job.params.code,
        "libraries": dict(pair.split("==", 1) for pair in job.params.libs.split()),
        "shell": shell,
        "gpus": gpus(job),
        "memory_mb": int(job.resources.mem_mb),
        "runs": runs,
    }


if __name__ == "__main__":
    main()
