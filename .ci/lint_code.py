"""Fail on constructs that the code digest cannot follow, in any stage's program or any plug-in, used or not."""

import sys
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import module_name, names
from pipeline_lib.job.code.digest import reach

KINDS = (
    "benchmarks",
    "engines",
    "families",
    "judges",
    "prompts",
    "recipes",
    "sampling",
    "servers",
    "sources",
    "weights",
)

scripts = sorted(Path("workflow_scripts").glob("*.py"))
plugins = [module_name(kind, name) for kind in KINDS for name in names(kind)]
refused: dict[str, None] = {}
for script, *chosen in [*([script] for script in scripts), *([scripts[0], plugin] for plugin in plugins)]:
    try:
        reach(Path(script), *map(str, chosen))
    except PipelineError as error:
        refused[str(error)] = None
if refused:
    sys.exit("\n".join(refused))
sys.stdout.write(f"code digests: {len(scripts)} programs and {len(plugins)} plug-ins can be followed\n")
