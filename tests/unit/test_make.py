"""`make setup` and `make clean`, with the project's Makefile: what they do again, what they refuse, what they keep."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project import ROOT

PYTHON = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/../commands"
test ! -e "$(dirname "$0")/../broken"
"""


class Checkout:
    """A folder with what `make setup` reads, and an environment whose Python only notes what it is asked to do."""

    def __init__(self, root: Path) -> None:
        self.root, self.environment = root, root / ".venv"
        shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Makefile", "requirements.lock", "requirements.cuda.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, root)
        (self.environment / "bin").mkdir(parents=True)
        (self.environment / "bin/python").write_text(PYTHON)
        (self.environment / "bin/python").chmod(0o755)
        write_origin(self.environment, creation_path=self.environment, project=root)

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        hidden = ("VENV", "TORCH", "CHECKPOINTS", "MAKEFLAGS", "MAKELEVEL")
        variables = {name: value for name, value in os.environ.items() if name not in hidden}
        command = ("make", "--no-print-directory", *words)
        return subprocess.run(command, cwd=self.root, env=variables, capture_output=True, text=True, check=False)

    def installs(self, *words: str) -> list[str]:
        """Return what `make setup` installs now."""
        commands = self.environment / "commands"
        commands.unlink(missing_ok=True)
        result = self.make("setup", *words)
        assert result.returncode == 0, result.stderr
        return commands.read_text().splitlines() if commands.is_file() else []


def write_origin(environment: Path, creation_path: Path, project: Path) -> None:
    """Write what `python -m venv` and an editable installation leave in an environment."""
    (environment / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ncommand = /usr/bin/python3 -m venv --clear {creation_path}\n"
    )
    info = environment / "lib/python3.11/site-packages/vlmflow-0.1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "direct_url.json").write_text(json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}}))


@pytest.fixture()
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_everything_but_torch_and_the_project_is_installed_by_its_hash(checkout: Checkout) -> None:
    *locked, torch, project = checkout.installs()
    assert len(locked) == 2
    assert [command for command in locked if "--no-deps --require-hashes" not in command] == []
    assert locked[1].endswith("--requirement requirements.lock")
    assert "torch==" in torch and project.endswith("--no-deps --no-build-isolation --editable .")


def test_a_touch_installs_nothing_and_an_edit_everything(checkout: Checkout) -> None:
    assert checkout.installs()
    for name in ("requirements.lock", "pyproject.toml", "Makefile"):
        os.utime(checkout.root / name, (2e9, 2e9))
    assert checkout.installs() == []
    for name in ("requirements.lock", "pyproject.toml"):
        (checkout.root / name).write_text((checkout.root / name).read_text() + "\n")
        os.utime(checkout.root / name, (0, 0))
        assert checkout.installs() and not checkout.installs()
    (checkout.root / "requirements.cuda.lock").write_text("")
    assert checkout.installs() == []
    assert "requirements.cuda.lock" in "\n".join(checkout.installs("TORCH=cuda"))


def test_what_could_not_be_installed_is_installed_the_next_time(checkout: Checkout) -> None:
    assert checkout.installs()
    (checkout.root / "requirements.lock").write_text("")
    (checkout.environment / "broken").touch()
    assert checkout.make("setup").returncode
    (checkout.environment / "broken").unlink()
    assert checkout.installs()


@pytest.mark.parametrize("way", ["copied", "linked", "moved", "of another project's folder"])
def test_an_environment_of_another_checkout_is_refused_unless_it_is_named(
    checkout: Checkout, tmp_path: Path, way: str
) -> None:
    other = Checkout(tmp_path / "other")
    if way == "linked":
        shutil.rmtree(checkout.environment)
        checkout.environment.symlink_to(other.environment)
    elif way == "copied":
        write_origin(checkout.environment, creation_path=other.environment, project=other.root)
    elif way == "moved":
        write_origin(checkout.environment, creation_path=tmp_path / "gone/.venv", project=checkout.root)
    else:
        write_origin(checkout.environment, creation_path=checkout.environment, project=other.root)
    result = checkout.make("setup")
    assert result.returncode and "belongs to another checkout" in result.stderr
    assert not (checkout.environment / "commands").exists()
    assert checkout.installs("VENV=.venv")


def test_an_environment_made_by_another_name_of_the_folder_is_its_own(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "name").symlink_to(checkout.root)
    write_origin(checkout.environment, creation_path=tmp_path / "name/.venv", project=tmp_path / "name")
    assert checkout.installs()


FILES = {
    "data/raw/photos/000/a.jpg": "",
    "data/weights/llama/model.safetensors": "kept",
    "data/records/weights/llama.json": "kept",
    "data/records/fetch/photos.json": "",
    "results/checkpoints/full/model.safetensors": "kept",
    "results/mini/checkpoints/full/model.safetensors": "kept",
    "results/mini/smoke/merged/lora/model.safetensors": "kept",
    "results/mini/records/train/full.json": "kept",
    "results/mini/records/score/full.json": "",
    "results/pope_score.json": "",
    ".snakemake/metadata/x": "",
    ".vlmflow/state/1/step-3": "kept",
    ".vlmflow/kept/1/checkpoint/model.safetensors": "kept",
    ".vlmflow/kept/1/entry.json": '{"record": {"stage": "train"}}',
    ".vlmflow/kept/2/score": "",
    ".vlmflow/kept/2/entry.json": '{"record": {"stage": "score"}}',
    ".vlmflow/kept/3/entry.json": "no entry",
}
CHECKPOINTS = {path for path, text in FILES.items() if text == "kept"} | {".vlmflow/kept/1/entry.json"}


@pytest.fixture()
def used(checkout: Checkout, tmp_path: Path) -> Checkout:
    """Return a checkout in which things were made, some of them links to what lies outside."""
    for name, text in FILES.items():
        (checkout.root / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.root / name).write_text(text)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/photo.jpg").touch()
    for link in ("data/raw/linked", "results/mini/answers"):
        (checkout.root / link).symlink_to(tmp_path / "disk")
    (checkout.root / "config.yaml").touch()
    return checkout


def files(checkout: Checkout) -> set[str]:
    return {path for folder in ("data", "results", ".snakemake", ".vlmflow") for path in below(checkout.root, folder)}


def below(root: Path, folder: str) -> set[str]:
    return {path.relative_to(root).as_posix() for path in (root / folder).rglob("*") if not path.is_dir()}


def test_clean_keeps_checkpoints_and_what_takes_them_back_and_says_so(used: Checkout) -> None:
    result = used.make("clean")
    assert result.returncode == 0, result.stderr
    assert files(used) == CHECKPOINTS
    for line in (
        "removed data/raw: 2 files, 0.0 MB",
        "kept results/mini/checkpoints",
        "kept .vlmflow/kept: 1 entries, by which the next run takes checkpoints back",
        "make clean CHECKPOINTS=yes removes these too.",
    ):
        assert line in result.stdout.splitlines()


def test_clean_removes_checkpoints_when_told(used: Checkout, tmp_path: Path) -> None:
    result = used.make("clean", "CHECKPOINTS=yes")
    assert "removed results/mini" in result.stdout and "kept" not in result.stdout.replace(".vlmflow/kept", "")
    assert not any((used.root / name).exists() for name in ("data", "results", ".snakemake", ".vlmflow"))
    assert (used.root / "config.yaml").exists() and (used.environment / "bin/python").exists()
    assert used.make("clean").stdout == "Nothing was there to remove.\n"


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_clean_follows_no_link(used: Checkout, tmp_path: Path, answer: str) -> None:
    (used.root / "results").rename(tmp_path / "results")
    (used.root / "results").symlink_to(tmp_path / "results")
    result = used.make("clean", f"CHECKPOINTS={answer}")
    assert f"left results -> {tmp_path / 'results'}: a link" in result.stdout
    assert (tmp_path / "disk/photo.jpg").exists() and (tmp_path / "results/pope_score.json").exists()
    assert (used.root / "results").is_symlink()


def test_clean_takes_yes_or_no(used: Checkout) -> None:
    assert used.make("clean", "CHECKPOINTS=y").returncode
    assert set(FILES) <= files(used)
