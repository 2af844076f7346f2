"""What a test cluster looks like, and Slurm's configuration of it. Pure: text from a shape.

No systemd, no cgroups: several slurmd on one host (`slurmd -N NODE`), processes found by parentage, memory limits kept
by polling. A GPU is a clone of /dev/null: Slurm wants a device node whose name ends in a number. Only jobs that ask for
it are requeued, and they start again after 30 seconds; 120 is usual.
"""

from dataclasses import dataclass
from pathlib import Path

MODEL = "emulated"  # the model of the GPUs, as `--gpus=MODEL:1` names it


@dataclass(frozen=True)
class Shape:
    """How many nodes a cluster has, what each has, and whether there is accounting (slurmdbd and MariaDB)."""

    cpu_nodes: int = 2
    gpu_nodes: int = 1
    gpus_per_node: int = 2
    cpus: int = 8
    memory: int = 64000  # MB that a node says it has
    accounting: bool = False
    urgent: bool = False  # whether a partition `urgent` takes the CPU nodes from jobs of the others
    port: int = 17810  # the first of the ports

    @property
    def nodes(self) -> list[str]:
        """Return the names of the nodes, those without GPUs first."""
        return [f"c{number}" for number in range(self.cpu_nodes)] + [f"g{number}" for number in range(self.gpu_nodes)]


def slurm_conf(shape: Shape, folder: Path, host: str) -> str:
    """Return slurm.conf of a cluster whose files lie in `folder` on the machine `host`."""
    accounting = "AccountingStorageType=accounting_storage/none"
    if shape.accounting:
        accounting = f"""AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={shape.port + 1}
AccountingStoragePass={folder}/munge.socket
AccountingStorageTRES=gres/gpu"""
    preemption = "\nPreemptType=preempt/partition_prio\nPreemptMode=REQUEUE" if shape.urgent else ""
    return f"""\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={shape.port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=30
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdSpoolDir={folder}/spool/%n
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
ReturnToService=2
EnforcePartLimits=ALL
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
DefMemPerCPU=512
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=2
KillWait=3
SlurmctldTimeout=30
SlurmdTimeout=30
MessageTimeout=30
MinJobAge=3600
JobRequeue=0
{accounting}{preemption}
{_nodes(shape, host)}
{_partitions(shape)}
"""


def _nodes(shape: Shape, host: str) -> str:
    lines = []
    for number, name in enumerate(shape.nodes):
        gres = f" Gres=gpu:{MODEL}:{shape.gpus_per_node}" if name.startswith("g") else ""
        lines.append(
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={shape.port + 10 + number} CPUs={shape.cpus}"
            f" Boards=1 SocketsPerBoard=1 CoresPerSocket={shape.cpus} ThreadsPerCore=1 RealMemory={shape.memory}{gres}"
        )
    return "\n".join(lines)


def _partitions(shape: Shape) -> str:
    lines = []
    for name, count, letter in (("cpu", shape.cpu_nodes, "c"), ("gpu", shape.gpu_nodes, "g")):
        default = "" if lines else " Default=YES"
        if count:
            limits = "MaxTime=2-00:00:00 DefaultTime=60 State=UP"
            lines.append(f"PartitionName={name} Nodes={letter}[0-{count - 1}]{default} {limits}")
    if shape.urgent:
        lines.append(f"PartitionName=urgent Nodes=c[0-{shape.cpu_nodes - 1}] PriorityTier=2 State=UP")
    return "\n".join(lines)


def gres_conf(shape: Shape, devices: list[Path]) -> str:
    """Return gres.conf: every node with GPUs has the same device files."""
    files = ",".join(map(str, devices))
    names = [name for name in shape.nodes if name.startswith("g")]
    return "".join(f"NodeName={name} Name=gpu Type={MODEL} File={files}\n" for name in names)


def slurmdbd_conf(shape: Shape, folder: Path, host: str, password: str) -> str:
    """Return slurmdbd.conf of a cluster with accounting."""
    return f"""\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={shape.port + 1}
SlurmUser=root
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={shape.port + 2}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm
"""
