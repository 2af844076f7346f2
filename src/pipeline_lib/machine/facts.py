"""Facts for records about where a job runs: processor, threads, libraries, state of the repository."""

import hashlib
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline_lib.machine.commands import ask
from pipeline_lib.machine.environment import recorded_environment

LOCK = Path("requirements.lock")
NODE_DIGITS = 8


def library_versions(names: list[str]) -> dict[str, str | None]:
    """Return the version of each library, None if it is not installed."""
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def machine_facts() -> dict[str, Any]:
    """Return node, platform, processor, cores, Python and the environment variables of numeric libraries.

    `node` is the same for all jobs of a machine, and is not its name: eight digits of the name's sha256.
    """
    return {
        "node": hashlib.sha256(platform.node().encode()).hexdigest()[:NODE_DIGITS],
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "environment": recorded_environment(),
        "torch": _torch_facts(),
    }


def repository_facts() -> dict[str, Any]:
    """Return the git commit (None outside a repository), whether the tree is dirty, and the lock file's sha256."""
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--untracked-files=no")
    return {
        "commit": commit,
        "dirty": None if status is None else bool(status),
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest() if LOCK.is_file() else None,
    }


def _git(*arguments: str) -> str | None:
    printed, fault = ask("git", *arguments, seconds=20)
    return None if fault else printed.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _torch_facts() -> dict[str, Any] | None:
    """Return threads, instruction set and GPUs of torch, or None if the job has not imported it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.version.cuda,
        "gpus": gpus,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
