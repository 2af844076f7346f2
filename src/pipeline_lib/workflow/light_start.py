"""Start Snakemake for planning in two thirds of the time: without executors and libraries that no plan uses."""

import sys

from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

UNUSED = ("boto3", "pandas")  # smart_open and Snakemake's digest of parameters do without them where they are absent


def leave_out_unused() -> None:
    """Keep Snakemake, not imported yet, from executors, such as Slurm's with its pandas, and from unused libraries."""
    ExecutorPluginRegistry.collect_plugins = lambda registry: setattr(registry, "plugins", {})
    for library in UNUSED:
        sys.modules.setdefault(library, None)  # type: ignore[arg-type]
