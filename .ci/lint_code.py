"""Fail on constructs that the code digest cannot follow, in any stage's program or any plug-in, used or not.

Fail as well on a benchmark's module that the digest counts as a whole: an edit of its scorer would ask models again;
and on one that imports a name without using it: an import is a member of the benchmark if it has the name of one.
"""

import re
import sys
from pathlib import Path

from pipeline_lib.config.benchmark_data import MEMBERS
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import module_name, names
from pipeline_lib.job.code.digest import reach
from pipeline_lib.job.code.tree import Tree

SOURCE, BENCHMARKS = Path("src"), "pipeline_lib/benchmarks"
FURTHER = {"SUBMISSION", "submission", "request", "recorded", "ROWS_SEEN", "CLASSES", "other_ids", "score_files"}
KIND = re.compile(r'\bPlugin(?:Name)?\("(\w+)"')  # as the settings name it

kinds = {kind for path in SOURCE.rglob("*.py") for kind in KIND.findall(path.read_text())}
scripts = sorted(Path("workflow_scripts").glob("*.py"))
plugins = [module_name(kind, name) for kind in sorted(kinds) for name in names(kind)]
refused: dict[str, None] = {}
for script, *chosen in [*([script] for script in scripts), *([scripts[0], plugin] for plugin in plugins)]:
    try:
        reach(Path(script), *map(str, chosen))
    except PipelineError as error:
        refused[str(error)] = None
tree = Tree(SOURCE)
for path in sorted((SOURCE / BENCHMARKS).rglob("*.py")):
    module = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    unused = tree.module(module).imported.keys() - tree.module(module).whole.names - {*MEMBERS} - FURTHER
    if unused:
        refused[f"{path}: imports that are neither used nor members of a benchmark: {', '.join(sorted(unused))}"] = None
    if not tree.module(module).plain:
        refused[f"{path}: its import runs code: an edit of its scorer would ask models again; only bind names"] = None
if refused:
    sys.exit("\n".join(refused))
sys.stdout.write(f"code digests: {len(scripts)} programs and {len(plugins)} plug-ins can be followed\n")
