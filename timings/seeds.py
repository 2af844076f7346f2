"""Run the default study with several seeds and print what each learned.

    python timings/seeds.py --seeds 0 1 2 --part test

Every seed runs in a copy of the project: another seed draws other scenes, another order and other starting weights.
With `--part dev` the questions are about scenes of the development scans, on which the recipe was chosen.
`--replace OLD NEW` changes a text of config.yaml in every copy, to try another setting.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.project import Project

RUNS = ("untrained", "tenth", "half", "full", "lora", "projector")


def main() -> None:
    """Parse the command line, run every seed, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--part", choices=["dev", "test"], default="test")
    parser.add_argument("--cores", default="2")
    parser.add_argument("--replace", nargs=2, action="append", default=[], metavar=("OLD", "NEW"))
    arguments = parser.parse_args()
    print(f"POPE accuracy [95 % interval] and F1 on {arguments.part} scenes")
    print("| seed | " + " | ".join(RUNS) + " | full - half | seconds |")
    print("|---" * (len(RUNS) + 3) + "|")
    for seed in arguments.seeds:
        print(row(seed, arguments), flush=True)


def row(seed: int, arguments: argparse.Namespace) -> str:
    """Return the table's row of one seed."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project.copy(Path(folder) / "project")
        edits = [("seed: 0", f"seed: {seed}"), ("part: test", f"part: {arguments.part}"), *arguments.replace]
        for old, new in edits:
            project.edit("config.yaml", old, new)
        began = time.monotonic()
        done = project.run("snakemake", "--cores", arguments.cores, "--quiet", "rules", timeout=3600)
        if done.returncode:
            raise subprocess.SubprocessError(done.text[-3000:])
        seconds = time.monotonic() - began
        runs = json.loads((project.root / "results" / "pope_score.json").read_text())["runs"]
    cells = [cell(runs[name]) for name in RUNS]
    difference = runs["full"]["metrics"]["accuracy"] - runs["half"]["metrics"]["accuracy"]
    return f"| {seed} | " + " | ".join(cells) + f" | {difference:.3f} | {seconds:.0f} |"


def cell(run: dict) -> str:
    """Return accuracy, its interval and F1 of one run."""
    low, high = run["interval"]["accuracy"]
    return f"{run['metrics']['accuracy']:.3f} [{low:.3f}, {high:.3f}], F1 {run['metrics']['f1']:.3f}"


if __name__ == "__main__":
    main()
