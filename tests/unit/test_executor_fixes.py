"""Slurm that does not answer is no news of any job; a job that lost its node is waited for where it is requeued."""

import asyncio
import itertools
import logging
import re
import sys
import tomllib
from types import ModuleType

import pytest
import snakemake_executor_plugin_slurm

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.executor_fixes import (
    EXECUTOR,
    PACKAGE,
    QUESTION,
    WAIT,
    patch_slurm_executor,
    patient,
    slowly_growing,
)
from tests.project import ROOT

LOGGER = logging.getLogger(__name__)
STATES = {"7": "RUNNING", "8": "NODE_FAIL"}


async def silent(command: str, logger: logging.Logger) -> tuple[None, None]:
    return None, None


async def told(command: str, logger: logging.Logger) -> tuple[dict[str, str], float]:
    return STATES, 0.5


def test_no_answer_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    assert asyncio.run(patient(silent, lambda: True)("squeue", LOGGER)) == ({}, 0.0)
    assert "will ask again" in caplog.text


def test_a_job_that_lost_its_node_is_waited_for_where_it_is_requeued() -> None:
    assert asyncio.run(patient(told, lambda: True)("squeue", LOGGER)) == ({"7": "RUNNING", "8": "REQUEUED"}, 0.5)
    assert asyncio.run(patient(told, lambda: False)("squeue", LOGGER)) == (STATES, 0.5)


class Waiting:
    """What waits as the executor does: ten seconds longer after each look that saw no end."""

    seconds = 1.0

    @property
    def wait(self) -> float:
        return self.seconds

    @wait.setter
    def wait(self, seconds: float) -> None:
        self.seconds = seconds


def test_the_wait_grows_by_a_quarter_until_ten_seconds_are_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Waiting, "wait", slowly_growing(Waiting.wait))
    waiting = Waiting()
    waits = []
    for _ in range(25):
        waits.append(waiting.wait)
        waiting.wait = min(waiting.wait + 10, 180)
    assert waits[:4] == pytest.approx([1, 1.25, 1.5625, 1.953125])
    assert all(later <= min(1.25 * wait, wait + 10) for wait, later in itertools.pairwise(waits))
    assert waits[20] > 60 and max(waits) <= 180
    waiting.wait = 1
    assert waiting.wait == 1


def test_the_executor_asks_patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake_executor_plugin_slurm, QUESTION, silent)
    monkeypatch.setattr(snakemake_executor_plugin_slurm.Executor, WAIT, Waiting.wait)
    patch_slurm_executor(lambda: True)
    query = getattr(snakemake_executor_plugin_slurm, QUESTION)
    assert asyncio.run(query("squeue", LOGGER)) == ({}, 0.0)
    assert getattr(snakemake_executor_plugin_slurm.Executor, WAIT) is not Waiting.wait


@pytest.mark.parametrize(("owner", "name"), [("", QUESTION), ("", "Executor"), ("Executor", WAIT)])
def test_an_executor_without_a_name_that_is_replaced_is_refused(
    monkeypatch: pytest.MonkeyPatch, owner: str, name: str
) -> None:
    newer = ModuleType(EXECUTOR)
    setattr(newer, QUESTION, silent)
    newer.Executor = type("Executor", (), {WAIT: Waiting.wait})  # type: ignore[attr-defined]
    delattr(getattr(newer, owner) if owner else newer, name)
    monkeypatch.setitem(sys.modules, EXECUTOR, newer)
    with pytest.raises(PipelineError, match=rf"'{name}' is gone(.|\n)*snakemake-executor-plugin-slurm 2\.8\.0"):
        patch_slurm_executor(lambda: True)


def test_no_executor_no_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, EXECUTOR)
    patch_slurm_executor(lambda: True)
    assert EXECUTOR not in sys.modules


@pytest.mark.parametrize(
    ("package", "requirement"), [("snakemake", "snakemake>=9.27.1,<9.28"), (PACKAGE, f"{PACKAGE}==2.8.0")]
)
def test_what_is_patched_is_pinned(package: str, requirement: str) -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [name for name in dependencies if re.match(rf"{package}\W*\d", name)] == [requirement]
