"""Jobs of a killed Snakemake: those of this folder's workflow are cancelled, others are not."""

import os
from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.orphans import cancel_orphans

SQUEUE = """#!/bin/sh
while read number place comment; do
  grep -qsx "$number" {folder}/cancelled || echo "$number|$place|$comment|"
done < {folder}/queue
"""
SCANCEL = """#!/bin/sh
for number in "$@"; do echo "$number" >> {folder}/{target}; done
"""


def slurm(folder: Path, monkeypatch: pytest.MonkeyPatch, queue: list[str], target: str = "cancelled") -> None:
    (folder / "queue").write_text("".join(f"{line}\n" for line in queue))
    for name, text in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        (folder / name).write_text(text.format(folder=folder, target=target))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_only_jobs_of_this_folder_and_of_a_workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = ["7_1 /study rule_fetch", "8 /study (null)", "9 /other rule_train", "10 /study rule_answers_predict_score"]
    slurm(tmp_path, monkeypatch, queue)
    assert cancel_orphans(Path("/study")) == ["7_1", "10"]
    assert (tmp_path / "cancelled").read_text().split() == ["7_1", "10"]
    assert cancel_orphans(Path("/study")) == []


def test_a_job_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slurm(tmp_path, monkeypatch, ["7 /study rule_train"], target="ignored")
    with pytest.raises(PipelineError, match="scancel 7"):
        cancel_orphans(Path("/study"), seconds=0)


def test_without_slurm_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert cancel_orphans(Path("/study")) == []
