"""What the doctor says of clusters that differ, from what their commands print."""

import dataclasses
import re

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.doctor.checks import Need, examine
from pipeline_lib.doctor.node import Visit, findings
from pipeline_lib.doctor.slurm import Facts, minutes, parse_config, parse_gpus, parse_groups, parse_partitions
from pipeline_lib.doctor.writing import cluster_text, proposal
from pipeline_lib.machine.slurm_site import Cluster, Partition, read_cluster
from tests.project import ROOT, Project

SINFO = """\
cpu*|up|1-00:00:00|128000+|64|(null)|icelake|20
gpu|up|2:00:00|512000|64|gpu:a100:4(S:0-1),nvme:1|a100,nvlink|6
gpu|up|2:00:00|256000|32|gpu:v100:2|v100|2
old|down|infinite|1000|2|(null)|(null)|1
"""
(PARTITIONS, DEFAULT), GROUPS = parse_partitions(SINFO), parse_groups(SINFO)
NONE = Need()
WITH = Facts(
    config={"ClusterName": "north", "AccountingStorageType": "accounting_storage/slurmdbd"},
    partitions=PARTITIONS,
    groups=GROUPS,
    default=DEFAULT,
    accounts=["physics", "maths"],
    sacct="",
)
WITHOUT = Facts(
    config={"AccountingStorageType": "accounting_storage/none", "MinJobAge": "300 sec"},
    partitions=PARTITIONS,
    groups=GROUPS,
    default=DEFAULT,
    sacct="there is no database",
)


def faults(facts: Facts, site: Cluster, need: Need = NONE) -> dict[str, str]:
    return {finding.name: f"{finding.result}; {finding.cure}" for finding in examine(facts, site, need) if finding.cure}


def test_partitions_as_sinfo_prints_them() -> None:
    assert DEFAULT == "cpu" and set(PARTITIONS) == {"cpu", "gpu"}
    assert PARTITIONS["cpu"] == Partition(
        max_runtime=1440, max_mem_mb=128000, max_threads=64, available_constraints=["icelake"]
    )
    assert PARTITIONS["gpu"].max_gpu == 4 and PARTITIONS["gpu"].available_gpu_models == ["a100", "v100"]


@pytest.mark.parametrize(
    ("gres", "expected"),
    [
        ("gpu:4", {"": 4}),
        ("gpu:a100:4(S:0-1),nvme:1", {"a100": 4}),
        ("gpu:a100_3g.20gb:2,gpu:h100:1", {"a100_3g.20gb": 2, "h100": 1}),
        ("gpu", {"": 1}),
        ("(null)", {}),
        ("nvme:1", {}),
    ],
)
def test_gpus_of_a_node(gres: str, expected: dict[str, int]) -> None:
    assert parse_gpus(gres) == expected


def test_time_limits() -> None:
    assert [minutes(text) for text in ("infinite", "30:00", "1:30:00", "2-00:00:00", "1-12")] == [
        None, 30, 90, 2880, 2160,
    ]  # fmt: skip


def test_settings_as_scontrol_prints_them() -> None:
    assert parse_config("Configuration data as of now\nMinJobAge               = 300 sec\n") == {"MinJobAge": "300 sec"}


def test_what_is_written_is_read_and_has_no_fault() -> None:
    for facts in (WITH, WITHOUT):
        assert faults(facts, proposal(facts)) == {}
    assert proposal(WITH).account == "physics" and proposal(WITH).gpu_model is None


def test_the_written_file_says_what_was_found(fresh: Project) -> None:
    file = fresh.root / "slurm/cluster.yaml"
    file.write_text(cluster_text(proposal(WITH)))
    assert read_cluster(file) == proposal(WITH)


@pytest.mark.parametrize(
    ("facts", "site", "name", "expected"),
    [
        (dataclasses.replace(WITH, missing=["srun"]), Cluster(), "programs", "missing: srun"),
        (Facts(), Cluster(), "controller", "does not answer"),
        (
            dataclasses.replace(WITH, sacct="refused"),
            Cluster(),
            "state of jobs",
            "set `status: squeue` in slurm/cluster.yaml",
        ),
        (dataclasses.replace(WITHOUT, config={"MinJobAge": "60 sec"}), Cluster(), "state of jobs", "after 60 s"),
        (WITH, Cluster(account="law"), "account", "'law' is not yours; .* yours: physics, maths"),
        (WITHOUT, Cluster(account="law"), "account", "keeps no accounts; remove"),
        (WITH, Cluster(fetch="transfer"), "partitions", "transfer; correct .* Slurm has cpu, gpu"),
        (WITH, Cluster(partitions={"old": Partition()}), "partitions", "not up: old"),
        (dataclasses.replace(WITH, default=None), Cluster(), "partitions", "--write"),
        (WITH, Cluster(gpu_model="h100"), "GPUs", "'h100'; correct .* a100, v100"),
        (WITH, Cluster(constraint="a100&h100"), "constraint", "no node has h100"),
    ],
)
def test_a_fault_has_one_line_and_a_cure(facts: Facts, site: Cluster, name: str, expected: str) -> None:
    found = faults(facts, site)
    assert list(found) == [name]
    assert re.search(expected, found[name])


def test_a_study_on_gpus_needs_a_partition_with_some() -> None:
    site = Cluster(partitions={"cpu": PARTITIONS["cpu"]})
    assert faults(WITH, site, Need(gpus=0)) == {}
    assert "GPUs" in faults(WITH, site, Need(gpus=1))
    assert faults(WITH, Cluster(), Need(gpus=1)) == {}


def test_a_training_over_nodes_needs_a_partition_with_as_many_that_have_its_gpus() -> None:
    assert faults(WITH, Cluster(), Need(nodes=6, gpus=4)) == {}
    found = faults(WITH, Cluster(), Need(nodes=8, gpus=4))
    assert re.search("needs 8 with 4 GPUs, and no partition has more than 6; lower `nodes`", found["nodes"])
    assert faults(WITH, Cluster(), Need(nodes=8, gpus=2)) == {}
    assert "needs 8 on a node, and no node has more than 4" in faults(WITH, Cluster(), Need(gpus=8))["GPUs"]


def test_what_a_job_found() -> None:
    late = findings(Visit("", None, "", ""), Cluster(), 60)
    broken = findings(Visit("", 0.1, "", "Traceback\nModuleNotFoundError: No module named 'torch'"), Cluster(), 60)
    refused = findings(Visit("Invalid account", None, "", ""), Cluster(), 60)
    assert "not visible within 60 s" in late[0].result and "share" in late[0].cure
    assert broken[0].cure == "" and "No module named 'torch'" in broken[1].result and broken[1].cure
    assert refused[0].result == "Invalid account" and refused[0].cure


def test_limits_of_the_site_end_the_growth() -> None:
    assert Cluster().most("runtime") is None
    assert proposal(WITH).most("runtime") == 1440 and proposal(WITH).most("mem_mb") == 512000


def test_a_fault_in_the_file_is_named(fresh: Project) -> None:
    file = fresh.root / "slurm/cluster.yaml"
    file.write_text("acount: physics\n")
    with pytest.raises(PipelineError, match=r"cluster\.yaml:1: acount"):
        read_cluster(file)


def test_the_site_file_is_in_no_repository() -> None:
    assert "/slurm/cluster.yaml" in (ROOT / ".gitignore").read_text().splitlines()
