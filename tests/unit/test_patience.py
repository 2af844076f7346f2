"""Slurm that does not answer is no news of any job; an answer is handed on as it is."""

import asyncio
import logging

import pytest
import snakemake_executor_plugin_slurm

from pipeline_lib.core.patience import QUESTION, be_patient, patient

LOGGER = logging.getLogger(__name__)


async def silent(command: str, logger: logging.Logger) -> tuple[None, None]:
    return None, None


async def told(command: str, logger: logging.Logger) -> tuple[dict[str, str], float]:
    return {"7": command}, 0.5


def test_no_answer_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    assert asyncio.run(patient(silent)("squeue", LOGGER)) == ({}, 0.0)
    assert "asked again later" in caplog.text


def test_an_answer_is_handed_on() -> None:
    assert asyncio.run(patient(told)("squeue", LOGGER)) == ({"7": "squeue"}, 0.5)


def test_the_executor_asks_patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake_executor_plugin_slurm, QUESTION, silent)
    be_patient()
    query = getattr(snakemake_executor_plugin_slurm, QUESTION)
    assert asyncio.run(query("squeue", LOGGER)) == ({}, 0.0)
