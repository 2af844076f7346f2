"""The same digests elsewhere: other cores, folder, time zone, locale, umask, hash seed, order of files; a full disk."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.project import Project

LONG = pytest.mark.long

# Lists folders in the opposite order, whatever the file system does.
REVERSED = """
import os

_listdir, _scandir = os.listdir, os.scandir


class _Reversed:
    def __init__(self, path):
        with _scandir(path) as found:
            self._entries = iter(sorted(found, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self._entries

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def close(self):
        return None


os.listdir = lambda path=".": sorted(_listdir(path), reverse=True)
os.scandir = lambda path=".": _Reversed(path)
"""


@pytest.mark.long
def test_another_environment_gives_the_same_bytes(finished: Project, tmp_path: Path) -> None:
    project = Project.copy(tmp_path / "a folder with spaces" / "and ünusual letters")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(REVERSED)
    other = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": str(tmp_path), "USER": "somebody"}
    paths = f"{tmp_path / 'site'}:{project.root / 'src'}"
    command = "umask 077 && snakemake -c1 --config study=mini"
    done = project.run("bash", "-c", command, PYTHONPATH=paths, **other)
    assert done.returncode == 0, done.text
    assert project.made() == finished.made()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Let a folder be a file system of a given size."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def partial(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that belong to no output with a manifest."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).parts[0].split(".")[0]
        if not (folder / f"{name}.manifest.json").is_file():
            yield path


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system can be mounted by root only")
@pytest.mark.parametrize(
    ("folder", "size", "target"),
    [
        ("data/images/mini_scenes", "64k", "data/images/mini_scenes/000.manifest.json"),
        pytest.param("results/mini/checkpoints", "3m", "results/mini/checkpoints/full.manifest.json", marks=LONG),
        pytest.param("results/mini/answers/full", "8k", "results/mini/answers/full/pope.manifest.json", marks=LONG),
    ],
)
def test_a_full_disk_is_named_and_nothing_is_lost(mini: Project, folder: str, size: str, target: str) -> None:
    expected = mini.made()[target]
    for path in [mini.root / folder, mini.root / ".vlmflow/kept"]:
        subprocess.run(["rm", "-rf", str(path)], check=True)
    (mini.root / target).unlink(missing_ok=True)
    with small_disk(mini.root / folder, size):
        done = mini.make(target)
        assert done.returncode != 0
        assert (
            "no space is left on the disk" in done.text
            and "free some space and run the same command again" in done.text
        )
        assert not list(partial(mini.root / folder))
        subprocess.run(["mount", "-o", "remount,size=200m", str(mini.root / folder)], check=True)
        done = mini.make(target)
        assert done.returncode == 0, done.text
        assert mini.made()[target] == expected
        assert not mini.leftovers()
