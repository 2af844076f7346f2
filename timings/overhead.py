"""What the workflow itself costs: parsing, dry runs, and a stage around its work.

    python timings/overhead.py

Each figure is the smallest of several runs, in seconds, beside that of the bare tool.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.project import Project

REPEATS = 5


def main() -> None:
    """Measure in a fresh copy of the project and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project.copy(Path(folder) / "project")
        bare = smallest(project, "snakemake", "--version")
        python = smallest(project, "python", "-c", "pass")
        rows = [
            ("snakemake --version", bare, bare),
            ("parse config.yaml and all rules", smallest(project, "snakemake", "--list-rules"), bare),
            ("dry run of config.yaml", smallest(project, "snakemake", "-n", "-c2"), bare),
            (
                "dry run of studies/mini.yaml",
                smallest(project, "snakemake", "-n", "-c2", "--config", "study=mini"),
                bare,
            ),
            (
                "an empty stage: settings, code digest, manifest, record",
                smallest(project, *empty_stage(project)),
                python,
            ),
        ]
        print("| what | seconds | bare tool | difference |\n|---|---|---|---|")
        for name, seconds, tool in rows:
            print(f"| {name} | {seconds:.2f} | {tool:.2f} | {seconds - tool:.2f} |")


def smallest(project: Project, *command: str) -> float:
    """Return the smallest wall time of some runs."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        done = project.run(*command)
        times.append(time.perf_counter() - began)
        if done.returncode:
            raise subprocess.SubprocessError(done.text)
    return min(times)


def empty_stage(project: Project) -> list[str]:
    """Return the command line of a stage that does nothing but what every stage does."""
    script = project.root / "workflow_scripts" / "empty.py"
    script.write_text(
        '"""Do nothing."""\n\n'
        "from pipeline_lib.job.job import Job\n"
        "from pipeline_lib.job.program import run\n"
        "from pipeline_lib.core.settings import Settings\n\n\n"
        "def work(job: Job[Settings]) -> None:\n"
        '    job.output("made").write_text("made")\n\n\n'
        'if __name__ == "__main__":\n'
        '    run("empty", Settings, work, outputs=["made"])\n'
    )
    done = project.run(
        "python", "-c", f"from pipeline_lib.job.code.digest import *; print(code_digest(Path({str(script)!r})))"
    )
    code = done.text.strip()
    options = ["--made", "made.txt", "--manifest", "made.manifest.json", "--settings", "{}", "--code", code]
    return ["python", "-P", str(script), *options, "--record", "records/empty/made.json", "--log", "made.log"]


if __name__ == "__main__":
    main()
