"""Slurm that does not answer is no news of any job; a job that lost its node is waited for where it is requeued."""

import asyncio
import logging

import pytest
import snakemake_executor_plugin_slurm

from pipeline_lib.core.patience import QUESTION, be_patient, patient

LOGGER = logging.getLogger(__name__)
STATES = {"7": "RUNNING", "8": "NODE_FAIL"}


async def silent(command: str, logger: logging.Logger) -> tuple[None, None]:
    return None, None


async def told(command: str, logger: logging.Logger) -> tuple[dict[str, str], float]:
    return STATES, 0.5


def test_no_answer_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    assert asyncio.run(patient(silent, lambda: True)("squeue", LOGGER)) == ({}, 0.0)
    assert "asked again later" in caplog.text


def test_a_job_that_lost_its_node_is_waited_for_where_it_is_requeued() -> None:
    assert asyncio.run(patient(told, lambda: True)("squeue", LOGGER)) == ({"7": "RUNNING", "8": "REQUEUED"}, 0.5)
    assert asyncio.run(patient(told, lambda: False)("squeue", LOGGER)) == (STATES, 0.5)


def test_the_executor_asks_patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake_executor_plugin_slurm, QUESTION, silent)
    be_patient(lambda: True)
    query = getattr(snakemake_executor_plugin_slurm, QUESTION)
    assert asyncio.run(query("squeue", LOGGER)) == ({}, 0.0)
