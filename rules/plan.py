"""Print the jobs of a study as JSON: files, the three parameters, status and causes, whether Snakemake would run each.

`inputs` leaves out heavy files (`ancient`), whose manifests stand there; `waits_for` names verdicts, which hold a job
back and decide no byte of it; `reads` has all.

python rules/plan.py [--study NAME] [--look] [TARGET ...]
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.light_start import leave_out_unused


def main() -> None:
    """Parse the command line, print the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="config")
    parser.add_argument("--look", action="store_true", help="look at sources of any size")
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    leave_out_unused()
    from pipeline_lib.workflow.entries import entries  # imports Snakemake

    config = {} if arguments.study == "config" else {"study": arguments.study}
    try:
        plan = entries(config, set(arguments.targets), arguments.look)
    except PipelineError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(plan) + "\n")


if __name__ == "__main__":
    main()
