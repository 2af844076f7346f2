"""What Slurm costs: one job beside a bare sbatch, ten light rules in a chain grouped and not, 2,000 jobs submitted.

    python timings/slurm.py          # as root, on a machine that does nothing else

A cluster is started for it (tests/slurm). The profile is the project's; the rules are trivial.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.project import Project
from tests.slurm.cluster import Cluster, running
from tests.slurm.shape import Shape

CHAIN = """
from pipeline_lib.workflow.executor_fixes import patch_slurm_executor

patch_slurm_executor(lambda: True)


rule all:
    input:
        "made/{last}",


rule tabulate:
    input:
        lambda wc: [f"made/{{int(wc.number) - 1}}"] if wc.number != "0" else [],
    output:
        "made/{{number}}",
    shell:
        "hostname > {{output}}"
"""
WIDE = """
rule all:
    input:
        expand("made/{{number}}", number=range({count})),


rule fetch:
    output:
        "made/{{number}}",
    shell:
        "hostname > {{output}}"
"""
RULES = ("tabulate", "sample", "predict", "score", "submit", "fetch", "convert")  # that the profile names
COUNTS = (500, 1000, 2000)
SECONDS = 3600


def main() -> None:
    """Measure one after the other and print a table."""
    with tempfile.TemporaryDirectory() as folder, running(Shape()) as cluster:
        project = Project.copy(Path(folder) / "project")
        print("| what | seconds |\n|---|---|")
        show("a bare sbatch --wait of hostname", timed(project, "sbatch", "--wait", "-o", "out", "--wrap", "hostname"))
        show("one job by Snakemake", chain(project, 1, "--groups", "none=none"))
        show("a chain of ten, each a job", chain(project, 10, "--groups", "none=none"))
        show("a chain of ten, one job", chain(project, 10))
        for node in ("c0", "c1"):
            cluster.ask("scontrol", "update", f"nodename={node}", "state=drain", "reason=timing")
        for count in COUNTS:
            write(project, WIDE.format(count=count))
            show(f"dry run of {count} jobs", timed(project, "snakemake", "-n", "-q", "--profile", "slurm"))
            show(f"{count} jobs submitted", submitted(cluster, project, count))


def show(what: str, seconds: float) -> None:
    """Print a line of the table."""
    print(f"| {what} | {seconds:.1f} |", flush=True)


def write(project: Project, rules: str) -> None:
    """Replace the project's rules, with empty ones that the profile names, and remove what others made or left."""
    missing = [name for name in RULES if f"rule {name}:" not in rules]
    empty = "".join(f'\n\nrule {name}:\n    output:\n        "none/{name}",\n' for name in missing)
    (project.root / "Snakefile").write_text(rules + empty)
    subprocess.run(["rm", "-rf", str(project.root / "made"), str(project.root / ".snakemake")], check=True)


def chain(project: Project, length: int, *options: str) -> float:
    """Return the time of a chain of jobs."""
    write(project, CHAIN.format(last=length - 1))
    return timed(project, "snakemake", "--profile", "slurm", *options)


def timed(project: Project, *command: str) -> float:
    """Return the wall time of a command that succeeds."""
    began = time.perf_counter()
    done = project.run(*command, timeout=SECONDS)
    if done.returncode:
        raise subprocess.SubprocessError(done.text)
    return time.perf_counter() - began


def submitted(cluster: Cluster, project: Project, count: int) -> float:
    """Return after how many seconds all jobs stand in the queue; they are cancelled before any runs."""
    began = time.perf_counter()
    process = project.start("snakemake", "--profile", "slurm")
    while len(cluster.jobs(project.root, "jobarrayid", "state")) < count + before(cluster, project):
        if process.poll() is not None or time.perf_counter() - began > SECONDS:
            raise subprocess.SubprocessError(f"not all {count} jobs were submitted")
        time.sleep(0.2)
    seconds = time.perf_counter() - began
    process.kill()
    process.wait()
    cluster.ask("scancel", "--user=root")
    return seconds


def before(cluster: Cluster, project: Project) -> int:
    """Return how many jobs of the project have ended."""
    ended = {"COMPLETED", "FAILED", "CANCELLED"}
    return sum(state in ended for (state,) in cluster.jobs(project.root, "state"))


if __name__ == "__main__":
    main()
