"""Run the default study with several seeds of data and of training, and print what each learned on POPE.

    python timings/seeds.py --data-seeds 0 1 2 --training-seeds 0 1 2 --part dev

A data seed draws scenes, questions, conversations and random starting weights; a training seed the projector's first
weights and the order of rows in every training. Every data seed runs as one study in a copy of the project, with all
trainings once for each training seed. With `--part dev` the questions are about scenes of the development scans, on
which the recipe was chosen.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.project import Project

RUNS = ("untrained", "tenth", "half", "full", "lora", "projector")
STUDY = "seeds"


def main() -> None:
    """Parse the command line, run every study, print a row for every pair of seeds and the spread over all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--training-seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--part", choices=["dev", "test"], default="test")
    parser.add_argument("--cores", default="2")
    arguments = parser.parse_args()
    print(f"POPE, {arguments.part} scenes: accuracy (rate of yes)")
    print("| data seed | training seed | " + " | ".join(RUNS) + " |")
    print("|---" * (len(RUNS) + 2) + "|")
    rows: list[dict[str, float]] = []
    for data_seed in arguments.data_seeds:
        scores = run(data_seed, arguments)
        for seed in arguments.training_seeds:
            metrics = {name: scores[named(name, seed)]["metrics"] for name in RUNS}
            cells = [f"{metrics[name]['accuracy']:.3f} ({metrics[name]['yes']:.2f})" for name in RUNS]
            print(f"| {data_seed} | {seed} | " + " | ".join(cells) + " |", flush=True)
            rows.append({name: metrics[name]["accuracy"] for name in RUNS})
    for label, function in (("least", min), ("mean", statistics.mean), ("most", max), ("deviation", deviation)):
        cells = [f"{function([row[name] for row in rows]):.3f}" for name in RUNS]
        print(f"| {label} | | " + " | ".join(cells) + " |")


def run(data_seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the POPE scores of all runs of one data seed."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project.copy(Path(folder) / "project")
        yaml = YAML()
        tree = yaml.load(project.root / "config.yaml")
        with (project.root / "studies" / f"{STUDY}.yaml").open("w") as file:
            yaml.dump(study(tree, data_seed, arguments.training_seeds, arguments.part), file)
        options = ("--cores", arguments.cores, "--quiet", "all", "--config", f"study={STUDY}")
        done = project.run("snakemake", *options, timeout=4 * 3600)
        if done.returncode:
            raise subprocess.SubprocessError(done.text[-3000:])
        scores: dict[str, Any] = json.loads((project.root / "results" / STUDY / "pope_score.json").read_text())["runs"]
        return scores


def study(tree: dict[str, Any], data_seed: int, training_seeds: list[int], part: str) -> dict[str, Any]:
    """Return the default study with this data seed, POPE alone, and its trainings and runs for every training seed."""
    for dataset in tree["datasets"].values():
        if dataset["source"]["part"] == "test":
            dataset["source"]["part"] = part
    trainings = tree["trainings"]
    copies = {
        named(name, seed): {
            **training,
            **{part: named(training[part], seed) for part in ("start", "tower") if training.get(part) in trainings},
            "seed": seed,
        }
        for seed in training_seeds
        for name, training in trainings.items()
    }
    runs = {named(name, seed): {"model": named(name, seed)} for seed in training_seeds for name in RUNS}
    benchmarks = {"pope": tree["benchmarks"]["pope"]}
    return {**tree, "seed": data_seed, "trainings": copies, "runs": runs, "benchmarks": benchmarks}


def named(name: str, seed: int) -> str:
    """Return the name of a training or a run with a seed."""
    return f"{name}-{seed}"


def deviation(values: list[float]) -> float:
    """Return the standard deviation, 0 of a single value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
