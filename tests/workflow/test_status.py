"""`vlmflow status`, from another terminal: what runs, how far it is, what waits; and after a kill, that nothing runs."""

import json
import os
import signal
import time
from datetime import UTC, datetime
from typing import Any

from pipeline_lib.lineage.running import running_jobs
from tests.project import Project
from tests.workflow.test_kill import wait_until

STUDY = ("--study", "mini")


def status(project: Project, *options: str) -> dict[str, Any]:
    done = project.run("vlmflow", "status", *STUDY, "--json", *options)
    assert done.returncode == 0, done.text
    answer: dict[str, Any] = json.loads(done.text)
    return answer


def stopped_in_a_job(project: Project, group: int) -> bool:
    """Stop a process group if it is in a job, so that the job is still there when it is looked at."""
    os.killpg(group, signal.SIGSTOP)
    if running_jobs(project.root, [], datetime.now(UTC)):
        return True
    os.killpg(group, signal.SIGCONT)
    time.sleep(0.05)
    return False


def test_a_killed_study_does_not_run(fresh: Project) -> None:
    process = fresh.start("snakemake", "-c1", "--config", "study=mini")
    wait_until(lambda: stopped_in_a_job(fresh, process.pid), process)
    before = status(fresh)
    assert before["snakemake"] and before["waiting"] and not before["failed"]
    [job] = before["running"]
    assert (fresh.root / job["log"]).is_file() and job["seconds"] > 0
    assert f"running  {job['job']}: " in fresh.run("vlmflow", "status", *STUDY, "--running").text
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while status(fresh, "--running")["running"]:  # the processes of the group end one after another
        time.sleep(0.1)
    after = status(fresh)
    assert not after["snakemake"]
    assert [(each["job"], each["cause"]) for each in after["failed"]] == [(job["job"], "the job was killed")]
    assert job["job"] not in after["waiting"]
    text = fresh.run("vlmflow", "status", *STUDY).text
    assert "Nothing runs." in text and f"failed   {job['job']}: the job was killed" in text
