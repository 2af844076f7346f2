"""What planning costs at size: a made-up study of thousands of jobs beside as many trivial Snakemake jobs.

    python timings/planning.py [--shards 256] [--benchmarks 30] [--runs 12] [--files 120000]

Five datasets of many shards, trainings, and every benchmark for every run; nothing is fetched. The baseline is a
workflow of as many jobs, each of which touches a file. Figures are CPU seconds of a command and its children, the
smallest of the repeats, and their ratio to the baseline and to the dry run; the study with half of LLaVA-1.5's rows as
well. The last lines are those of a folder of many files in as many shards, in this process: its names, again while no
folder has changed, and the sizes and times of its files, beside a bare loop that reads them.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.project import Project

from pipeline_lib.fetching.folder_times import SETTLED
from pipeline_lib.fetching.listing import forget, listing
from pipeline_lib.fetching.look import look
from pipeline_lib.sources import folder

DATASETS = 5
DRY_RUN = ("snakemake", "-n", "-c1", "-q")
TRIVIAL = """rule all:
    input: expand("made/{{n}}", n=range({jobs}))
rule one:
    output: "made/{{n}}"
    shell: "touch {{output}}"
"""


def main() -> None:
    """Parse the command line, measure in a fresh copy of the project, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=256)
    parser.add_argument("--benchmarks", type=int, default=30)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--files", type=int, default=120_000)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        project = Project.copy(Path(scratch) / "project")
        yaml = YAML()
        tree = study(yaml.load(project.root / "studies" / "mini.yaml"), arguments)
        with (project.root / "studies" / "size.yaml").open("w") as file:
            yaml.dump(tree, file)
        jobs = len(json.loads(project.run("python", "rules/plan.py", "--study", "size").text.splitlines()[-1]))
        bare = Path(scratch) / "bare"
        bare.mkdir()
        (bare / "Snakefile").write_text(TRIVIAL.format(jobs=jobs))
        rows = {
            f"dry run of {jobs} trivial jobs": (bare, DRY_RUN),
            "dry run": (project.root, (*DRY_RUN, "--config", "study=size")),
            "`vlmflow why`": (project.root, ("vlmflow", "why", "results/size/pope0_score.json", "--study", "size")),
            "`vlmflow lineage check`": (project.root, ("vlmflow", "lineage", "check", "--study", "size")),
            "`vlmflow dvc commit`, nothing made": (project.root, ("vlmflow", "dvc", "commit", "--study", "size")),
            "`vlmflow plan`": (project.root, ("vlmflow", "plan", "--study", "size")),
            "dry run of llava15_half": (project.root, (*DRY_RUN, "--config", "study=llava15_half")),
            "`vlmflow plan` of llava15_half": (project.root, ("vlmflow", "plan", "--study", "llava15_half")),
        }
        seconds(project.root, project, ("vlmflow", "dvc", "sync", "--study", "size"))
        measured: list[float] = []
        print("| work | CPU seconds | times the trivial jobs | times the dry run |\n|---|---|---|---|")
        for name, (root, command) in rows.items():
            measured.append(min(seconds(root, project, command) for _ in range(arguments.repeats)))
            ratios = " | ".join(f"{measured[-1] / base:.2f}" for base in measured[:2])
            print(f"| {name} | {measured[-1]:.1f} | {ratios} |", flush=True)
        photographs(Path(scratch), arguments.files, arguments.shards)


def photographs(root: Path, files: int, shards: int) -> None:
    """Print what the names, sizes and times of a folder of empty files take."""
    for number in range(files):
        path = root / "files" / f"{number // 1000:04}" / f"{number:012}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    time.sleep(SETTLED)
    os.chdir(root)
    source = folder.Settings(kind="folder", path=str(root / "files"))
    print(f"\n| {files} files in {shards} shards | CPU seconds | microseconds a file |\n|---|---|---|")

    def bare() -> None:
        for below in os.scandir(root / "files"):
            for entry in os.scandir(below):
                entry.stat()

    def names() -> None:
        forget()
        for shard in range(shards):
            listing(source, shard, shards, Path("none"))

    def states() -> None:
        forget()
        for shard in range(shards):
            look(source, shard, shards)

    works = {"a bare loop over sizes and times": bare, "names": names, "names again": names, "sizes and times": states}
    for name, work in works.items():
        before = time.process_time()
        work()
        took = time.process_time() - before
        print(f"| {name} | {took:.2f} | {took / files * 1e6:.2f} |")


def seconds(root: Path, project: Project, command: tuple[str, ...]) -> float:
    """Return the CPU seconds of a command in a folder and of its children; a finding may end it with 1."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=root, env=project.environment(), capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode > 1 or "Traceback" in done.stderr:
        raise subprocess.SubprocessError(done.stderr[-2000:])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def study(tree: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the study `mini` with many datasets, shards, runs and benchmarks."""
    scenes, conversations = tree["datasets"].pop("mini_scenes"), tree["datasets"]["mini_conversations"]
    scenes["source"]["scenes"] = conversations["source"]["scenes"] = arguments.shards * 2
    names = [f"scenes{number}" for number in range(DATASETS)]
    tree["datasets"] |= {name: {**scenes, "shards": arguments.shards} for name in names}
    for table in ("mini_captions", "mini_instructions"):
        tree["tables"][table]["images"] = names
    runs = [f"full{number}" for number in range(arguments.runs)]
    tree["trainings"] |= {run: {**tree["trainings"]["full"], "seed": seed} for seed, run in enumerate(runs)}
    tree["runs"] = {run: {"model": run} for run in runs}
    tree["benchmarks"] = {f"pope{number}": tree["benchmarks"]["pope"] for number in range(arguments.benchmarks)}
    return tree


if __name__ == "__main__":
    main()
