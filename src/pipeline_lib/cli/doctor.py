"""`vlmflow doctor`: check that this cluster can run a study, before any job is submitted."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from ruamel.yaml import YAML

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT, load_study, study_path
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.doctor.checks import Need, examine
from pipeline_lib.doctor.finding import Finding
from pipeline_lib.doctor.node import findings, room, visit
from pipeline_lib.doctor.slurm import Facts, gather_facts
from pipeline_lib.doctor.writing import cluster_text, proposal
from pipeline_lib.machine.slurm_site import FILE, Cluster, read_cluster

PROFILE = Path("slurm/profile.yaml")


def doctor(
    profile: Annotated[Literal["slurm"], typer.Option(help="the profile that Snakemake will use")] = "slurm",
    study: StudyOption = DEFAULT,
    write: Annotated[bool, typer.Option("--write", help=f"first write {FILE} from what Slurm reports")] = False,
    wait: Annotated[float, typer.Option(help="seconds to wait for the test job to end")] = 600,
) -> None:
    """Check a cluster: one line per check, a cure for every fault; exit code 1 if there is one."""
    facts = gather_facts()
    if write:
        _write(facts)
    site = read_cluster()
    results = [*examine(facts, site, _need(load_study(study_path(study)))), room()]
    if not any(finding.cure for finding in results):
        results += _with_a_job(facts, site, wait)
    for finding in results:
        typer.echo("\n".join(finding.lines()))
    if any(finding.cure for finding in results):
        raise typer.Exit(1)
    typer.echo(f"This cluster can run the study: snakemake --profile {profile}")


def _need(study: Study) -> Need:
    devices = [training.devices for training in study.trainings.values()]
    answering = [run.engine.processes_at_once() for run in study.runs.values()]
    gpus = max([1, *answering, *(each.gpus_per_node for each in devices)]) if study.device == "cuda" else 0
    return Need(max([1, *(each.nodes for each in devices)]), gpus)


def _with_a_job(facts: Facts, site: Cluster, wait: float) -> list[Finding]:
    latency = float(YAML(typ="safe").load(PROFILE.read_text(encoding="utf-8"))["latency-wait"])
    plain = [name for name, partition in site.partitions.items() if not partition.max_gpu]
    partition = next(iter([*plain, *site.partitions]), facts.default)
    return findings(visit(site, partition, wait, latency), site, latency)


def _write(facts: Facts) -> None:
    if FILE.exists():
        raise PipelineError("this file already exists", where=FILE, cure="correct it by hand, or remove it first")
    if not facts.partitions:
        raise PipelineError("Slurm lists no partition", cure="vlmflow doctor --profile slurm")
    write_text(FILE, cluster_text(proposal(facts)))
    typer.echo(f"wrote {FILE}")
