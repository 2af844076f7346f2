"""A study on its stand-ins, in a copy of the project."""

from pathlib import Path

from tests.project import Project


def rehearsed(folder: Path, study: str, *targets: str, timeout: int = 900) -> Project:
    """Return a copy in which these targets of a study, or all, are made of stand-ins."""
    project = Project.copy(folder / "project")
    project.edit(f"studies/{study}.yaml", "smoke: false", "smoke: true")
    wanted = ["--", *targets] if targets else []
    done = project.run("snakemake", "-c2", "--config", f"study={study}", *wanted, timeout=timeout)
    assert done.returncode == 0, done.text[-3000:]
    return project
