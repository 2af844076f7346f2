"""Train over the nodes of a Slurm job: one launcher on each node starts the processes of its GPUs.

The job runs on its first node and starts `python -m pipeline_lib.training.nodes WORK` on all of them with `srun`.
"""

import json
import logging
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json
from pipeline_lib.job.log import configure
from pipeline_lib.machine import gpus
from pipeline_lib.machine.facts import machine_facts
from pipeline_lib.machine.slurm_job import job_number
from pipeline_lib.training.curve import Step
from pipeline_lib.training.launch import Rendezvous, Work, launch

# Files in the folder of the training's states.
WORK, STEPS, FAULT, MACHINE = "work.pickle", "steps.json", "fault.txt", "machine{}.json"
ENDED = 75  # exit code of a node whose processes saved their state after TERM
FIRST_PORT, PORTS = 20_000, 10_000

logger = logging.getLogger(__name__)


def train_over_nodes(work: Work) -> tuple[list[Step], list[dict[str, Any]]]:
    """Train over the nodes that Slurm has granted this job; return the steps, and facts about every node.

    Raises PipelineError with the message of the node that failed first; after TERM, SystemExit.
    """
    folder = work.resume.folder
    folder.mkdir(parents=True, exist_ok=True)
    count = work.settings.devices.nodes
    machines = [folder / MACHINE.format(number) for number in range(count)]
    for path in (folder / STEPS, folder / FAULT, *machines):
        path.unlink(missing_ok=True)
    (folder / WORK).write_bytes(pickle.dumps(work))
    command = ["srun", f"--nodes={count}", f"--ntasks={count}", "--kill-on-bad-exit=1", "--cpu-bind=none"]
    program = [sys.executable, "-P", "-m", __name__, str(folder / WORK), socket.gethostname()]
    logger.info("on %d nodes", count)
    code = _run([*command, *program])
    (folder / WORK).unlink(missing_ok=True)
    if (folder / FAULT).is_file():
        raise PipelineError("a node of this training failed", value=(folder / FAULT).read_text(encoding="utf-8"))
    if code == ENDED:
        raise SystemExit
    if code:
        raise PipelineError("srun failed", where=f"job {job_number()}", value=code, cure="see its log")
    return [Step(*step) for step in read_json(folder / STEPS)], [read_json(path) for path in machines]


def _run(command: list[str]) -> int:
    """Run a command and return its exit code; an interruption of this process terminates the command first."""
    process = subprocess.Popen(command)
    try:
        return process.wait()
    except BaseException:  # an interruption
        process.terminate()
        process.wait()
        raise


def node(file: Path, host: str) -> int:
    """Train on this node and return the exit code; the first error of any node is written beside `file`."""
    work: Work = pickle.loads(file.read_bytes())
    number, devices = int(os.environ["SLURM_NODEID"]), work.settings.devices
    configure(work.log.with_suffix(f".node{number}.log"), f"node {number}")
    job = int(os.environ["SLURM_JOB_ID"])
    rendezvous = Rendezvous(devices.nodes, f"{host}:{FIRST_PORT + job % PORTS}", f"job {job}", number == 0)
    try:
        if work.settings.device == "cuda":
            _take_gpus(devices.gpus_per_node)
        file.with_name(MACHINE.format(number)).write_text(json.dumps(machine_facts()), encoding="utf-8")
        steps = launch(work, devices.gpus_per_node, rendezvous)
    except PipelineError as error:
        _write_first(file.with_name(FAULT), f"node {number}, {socket.gethostname()}: {error}")
        return 1
    except SystemExit:
        return ENDED
    if 0 in steps:
        file.with_name(STEPS).write_text(json.dumps(steps[0]), encoding="utf-8")
    return 0


def _take_gpus(count: int) -> None:
    logger.info("on GPU %s", ", ".join(gpus.take(count)))
    usable = torch.cuda.device_count()
    if usable < count:
        raise PipelineError(
            f"Slurm granted {count} GPUs on this node, and torch can use {usable}",
            where=gpus.VISIBLE,
            value=os.environ[gpus.VISIBLE],
            cure="make setup TORCH=cuda; vlmflow doctor",
        )


def _write_first(file: Path, text: str) -> None:
    """Write a file unless another node has already written it."""
    try:
        with file.open("x", encoding="utf-8") as output:
            output.write(text)
    except FileExistsError:
        logger.error("%s", text)


if __name__ == "__main__":
    sys.exit(node(Path(sys.argv[1]), sys.argv[2]))
