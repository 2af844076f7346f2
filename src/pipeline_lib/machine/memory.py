"""Memory of this machine, or the part that this process may use, and memory of its GPUs."""

import os
from pathlib import Path

from pipeline_lib.machine.commands import ask
from pipeline_lib.machine.gpus import visible

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
QUERY = ("nvidia-smi", "--query-gpu=uuid,memory.total", "--format=csv,noheader,nounits")


def main_memory(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return the bytes of memory of this machine, or the limit of a control group, such as Slurm's, if it is lower."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([physical, *_granted(groups, membership)])


def gpu_memory() -> int | None:
    """Return the bytes of the smallest GPU that this process may use, or None if nvidia-smi does not report them."""
    rows = [line.split(", ") for line in ask(*QUERY)[0].splitlines() if line.count(", ") == 1]
    sizes = {uuid: int(size) * 2**20 for uuid, size in rows if size.isdecimal()}
    reported = [sizes.get(uuid) for uuid in visible()]
    known = [size for size in reported if size is not None]
    return min(known) if known and len(known) == len(reported) else None


def _granted(groups: Path, membership: Path) -> list[int]:
    """Return the limits of this process's control group and its parents, version 1 or 2."""
    try:
        lines = [line.split(":", 2) for line in membership.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []
    limits = []
    for _, controllers, path in lines:
        root, name = (groups, "memory.max") if not controllers else (groups / "memory", "memory.limit_in_bytes")
        if controllers in ("", "memory"):
            folder = root / path.strip("/")
            limits += [_limit(above / name) for above in (folder, *folder.parents) if above.is_relative_to(root)]
    return [limit for limit in limits if limit is not None]


def _limit(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
