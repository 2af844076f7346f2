"""Training in several processes that share every step, one a GPU (or, without GPUs, one a core)."""

import os
from pathlib import Path

from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from pipeline_lib.core.log import configure
from pipeline_lib.training.curve import Step
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.task import Material


def train_in_processes(
    material: Material, settings: TrainSettings, folder: Path, resume: Resume, log: Path
) -> list[Step]:
    """Train as `train_recipe` does, in as many processes as the settings say; each writes a log beside `log`."""
    count = settings.devices.processes
    resume.latest()  # clears what is incomplete, before several processes look
    if count == 1:
        return train_recipe(material, settings, folder, resume)
    launch = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id="training",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        start_method="spawn",
    )
    steps: dict[int, list[Step]] = elastic_launch(launch, _process)(material, settings, folder, resume, log)
    return steps[0]


def _process(material: Material, settings: TrainSettings, folder: Path, resume: Resume, log: Path) -> list[Step]:
    rank = os.environ["RANK"]
    configure(log.with_suffix(f".{rank}.log"), f"process {rank}")
    return train_recipe(material, settings, folder, resume)
