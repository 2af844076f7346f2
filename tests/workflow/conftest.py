"""A finished study that DVC knows, in a git repository with a remote on disk."""

import shutil
from pathlib import Path

import pytest

from tests.project import Done, Project

STUDY = ("--study", "mini")
GIT = ("git", "-c", "user.name=tester", "-c", "user.email=tester@example.org")


def must(done: Done) -> str:
    """Return what a command printed; it must have succeeded."""
    assert done.returncode == 0, done.text
    return done.text


@pytest.fixture(scope="session")
def committed(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the finished study committed to DVC and git and pushed to a remote; tests leave it as it was."""
    project = finished.clone(tmp_path_factory.mktemp("committed") / "project")
    must(project.run("git", "init", "-q"))
    must(project.run(*GIT, "add", "-A"))
    must(project.run(*GIT, "commit", "-q", "-m", "the project"))
    must(project.run("vlmflow", "dvc", "sync", *STUDY))
    must(project.run("vlmflow", "dvc", "commit", *STUDY))
    must(project.run("dvc", "remote", "add", "-q", "-d", "store", str(project.root.parent / "remote")))
    must(project.run(*GIT, "add", "-A"))
    must(project.run(*GIT, "commit", "-q", "-m", "the study"))
    must(project.run("dvc", "push", "-q"))
    return project


@pytest.fixture()
def ledger(committed: Project, tmp_path: Path) -> Project:
    """Return an own copy of the committed study."""
    return committed.clone(tmp_path / "ledger")


@pytest.fixture()
def cloned(committed: Project, tmp_path: Path) -> Project:
    """Return a git clone of the committed study, nothing pulled."""
    must(committed.run("git", "clone", "-q", ".", str(tmp_path / "clone")))
    return Project(tmp_path / "clone")


@pytest.fixture(scope="session")
def _pulled(committed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("pulled") / "project"
    must(committed.run("git", "clone", "-q", ".", str(root)))
    must(Project(root).run("dvc", "pull", "-q"))
    must(Project(root).run("vlmflow", "dvc", "restore", *STUDY))
    return Project(root)


@pytest.fixture()
def restored(_pulled: Project, tmp_path: Path) -> Project:
    """Return an own copy of a pulled and restored clone."""
    shutil.copytree(_pulled.root, tmp_path / "restored", symlinks=True)
    return Project(tmp_path / "restored")
