"""Train in one process, in several of this machine, or over the nodes of a Slurm job."""

import logging
from typing import Any, NamedTuple

from pipeline_lib.machine.slurm_job import is_spread, requeue
from pipeline_lib.training.curve import Step
from pipeline_lib.training.launch import Rendezvous, Work, launch
from pipeline_lib.training.nodes import train_over_nodes
from pipeline_lib.training.reporting import report_beside

logger = logging.getLogger(__name__)


class Trained(NamedTuple):
    """The steps of a training, and facts about its nodes if there were several."""

    steps: list[Step]
    nodes: list[dict[str, Any]]


def train_in_processes(work: Work) -> Trained:
    """Train as `train_recipe` does, in as many processes as the settings ask for, one per GPU.

    Outside a job of several nodes all processes run on this machine. A training stopped by TERM goes back into
    Slurm's queue if it has a newer state, so that attempts without progress do not repeat forever.
    """
    report_beside(work.log)
    before = work.resume.latest()  # removes incomplete states before several processes look for one
    try:
        return _train(work)
    except SystemExit:
        if work.resume.newest() not in (None, before) and requeue():
            logger.info("back in Slurm's queue: the next attempt resumes from %s", work.resume.newest())
        raise


def _train(work: Work) -> Trained:
    devices = work.settings.devices
    if is_spread(devices.nodes):
        return Trained(*train_over_nodes(work))
    if devices.processes > 1:
        return Trained(launch(work, devices.processes, Rendezvous())[0], [])
    return Trained(work.train(), [])
