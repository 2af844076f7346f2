"""The checks that need no job: each compares the site's settings or the study's needs with what Slurm reports."""

from dataclasses import dataclass
from typing import Callable

from pipeline_lib.doctor.finding import Finding
from pipeline_lib.doctor.slurm import Facts
from pipeline_lib.machine.slurm_site import FILE, LOGIN, Cluster

LONGEST_WAIT = 180  # most seconds between two queries of the executor (2.8.0) for its jobs


@dataclass(frozen=True)
class Need:
    """The largest job of a study: its number of nodes, and of GPUs on each."""

    nodes: int = 1
    gpus: int = 0


Check = Callable[[Facts, Cluster, Need], Finding]


def programs(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that the commands that the executor calls are installed."""
    if facts.missing:
        cure = "run this on a login node of the cluster, with Slurm's client programs on PATH"
        return Finding("programs", f"missing: {', '.join(facts.missing)}", cure)
    return Finding("programs", "all are installed")


def controller(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that Slurm answers."""
    if not facts.config or not facts.partitions:
        return Finding("controller", "Slurm does not answer", "try `scontrol ping` and `sinfo`; ask its administrators")
    return Finding("controller", f"{facts.config.get('ClusterName', '?')} answers")


def accounting(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that the state of jobs can be queried, also some time after they end."""
    command = site.status or ("sacct" if facts.accounting else "squeue")
    if command == "sacct":
        if facts.sacct:
            return Finding("state of jobs", f"sacct fails: {facts.sacct}", f"set `status: squeue` in {FILE}")
        return Finding("state of jobs", "sacct answers")
    seconds = int((facts.config.get("MinJobAge", "0").split() or ["0"])[0])
    if seconds < LONGEST_WAIT:
        result = f"squeue forgets ended jobs after {seconds} s, and {LONGEST_WAIT} s may pass between two queries"
        return Finding("state of jobs", result, "ask the cluster's administrators for MinJobAge=300 or for accounting")
    return Finding("state of jobs", f"squeue remembers ended jobs for {seconds} s; there is no sacct")


def account(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that the site's account is one of the user's."""
    if site.account is None:
        return Finding("account", f"your default account{f', {facts.accounts[0]}' if facts.accounts else ''}")
    if not facts.accounting:
        return Finding("account", "this cluster keeps no accounts", f"remove `account` from {FILE}")
    if site.account.lower() not in (name.lower() for name in facts.accounts):
        yours = f"yours: {', '.join(facts.accounts) or 'none'}"
        return Finding("account", f"{site.account!r} is not yours", f"correct `account` in {FILE}; {yours}")
    return Finding("account", site.account)


def partitions(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that the partitions that the site names exist, or a default one."""
    named = [*site.partitions, *([site.fetch] if site.fetch not in (None, LOGIN) else [])]
    unknown = [name for name in named if name not in facts.partitions]
    there = ", ".join(facts.partitions) or "none"
    if unknown:
        result = f"missing or not up: {', '.join(map(str, unknown))}"
        return Finding("partitions", result, f"correct {FILE}; Slurm has {there}")
    if not named and facts.default is None:
        return Finding("partitions", "there is no default partition", "vlmflow doctor --profile slurm --write")
    return Finding("partitions", ", ".join(map(str, named)) or f"the default partition, {facts.default}")


def gpu_model(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that a partition in use has enough GPUs of the site's model."""
    used = site.partitions or facts.partitions
    there = {name: facts.partitions[name] for name in used if name in facts.partitions}
    count = max((partition.max_gpu for partition in there.values()), default=0)
    models = {model for partition in there.values() for model in partition.available_gpu_models}
    if site.gpu_model is not None and site.gpu_model not in models:
        cure = f"correct `gpu_model` in {FILE}; Slurm has {', '.join(sorted(models)) or 'none with a name'}"
        return Finding("GPUs", f"no node has {site.gpu_model!r}", cure)
    if need.gpus > count:
        cure = f"name a partition with more in {FILE}, lower the study's `devices`, or set `device: cpu`"
        return Finding("GPUs", f"the study needs {need.gpus} on a node, and no node has more than {count}", cure)
    kind = site.gpu_model or ", ".join(sorted(models)) or "of no named model"
    return Finding("GPUs", f"{count} on a node, {kind}" if count else "none, and the study needs none")


def nodes(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that one partition has as many nodes as the study's largest training needs."""
    used = [name for name in site.partitions if name in facts.partitions] or list(facts.partitions)
    enough = [group for group in facts.groups if group.partition in used and group.gpus >= need.gpus]
    counts = [sum(group.nodes for group in enough if group.partition == name) for name in used]
    there, each = max(counts, default=0), f" with {need.gpus} GPUs" if need.gpus else ""
    if need.nodes > there:
        result = f"a training needs {need.nodes}{each}, and no partition has more than {there}"
        return Finding("nodes", result, "lower `nodes` in its `devices`, or name a larger partition")
    return Finding("nodes", f"{there}{each} in a partition, and the study needs {need.nodes} at once")


def constraint(facts: Facts, site: Cluster, need: Need) -> Finding:
    """Check that nodes have the features that the site requires."""
    if site.constraint is None:
        return Finding("constraint", "none")
    features = {name for partition in facts.partitions.values() for name in partition.available_constraints}
    named = {name.partition("*")[0] for name in site.constraint.replace("|", "&").replace(",", "&").split("&")}
    unknown = sorted(name for name in named if name.strip("()[] ") not in features)
    if unknown:
        cure = f"correct `constraint` in {FILE}; Slurm has {', '.join(sorted(features)) or 'none'}"
        return Finding("constraint", f"no node has {', '.join(unknown)}", cure)
    return Finding("constraint", site.constraint)


CHECKS: tuple[Check, ...] = (programs, controller, accounting, account, partitions, gpu_model, nodes, constraint)


def examine(facts: Facts, site: Cluster, need: Need) -> list[Finding]:
    """Return the finding of every check, in an order in which a fault explains those after it."""
    first = [programs(facts, site, need), controller(facts, site, need)]
    if any(finding.cure for finding in first):
        return first
    return first + [check(facts, site, need) for check in CHECKS[len(first) :]]
