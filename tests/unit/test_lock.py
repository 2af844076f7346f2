"""The lock files: every package by its hashes, all requirements, and no word of where packages come from."""

import re
import tomllib
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TORCH = "torch"  # stands outside the lock: its build depends on the machine


def pins(name: str) -> dict[str, str]:
    """Return the version of every package of a lock file."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", (ROOT / name).read_text(), flags=re.MULTILINE))


def unmet(names: list[str]) -> list[str]:
    """Return the requirements that requirements.lock does not meet."""
    locked, requirements = pins("requirements.lock"), [Requirement(name) for name in names]
    return [
        str(one)
        for one in requirements
        if (one.marker is None or one.marker.evaluate({"extra": ""}))
        and not one.specifier.contains(locked.get(canonicalize_name(one.name), "0"))
    ]


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements.cuda.lock",
        "requirements.captions.lock",
        "requirements.flash_attn.lock",
        "requirements.lmms_eval.lock",
        "requirements.tensorboard.lock",
        "requirements.wandb.lock",
    ],
)
def test_a_lock_holds_packages_and_their_hashes_alone(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.fullmatch(r"([a-z0-9-]+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})+\n)+", text)


def test_what_the_project_asks_for_is_locked() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    names = [*PROJECT["project"]["dependencies"], *(name for extra in extras for name in extra)]
    assert unmet([name for name in names if not name.startswith(f"{TORCH}=")]) == []
    assert unmet(PROJECT["build-system"]["requires"]) == []


def test_what_torch_needs_is_locked_and_torch_is_not() -> None:
    assert unmet([name for name in requires(TORCH) or [] if not re.search("nvidia|cuda|triton", name)]) == []
    assert TORCH not in pins("requirements.lock")


def test_the_version_of_torch_is_the_same_everywhere() -> None:
    (version,) = re.findall(r"^TORCH_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert f"{TORCH}=={version}" in PROJECT["project"]["dependencies"]
