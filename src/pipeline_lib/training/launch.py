"""The processes of one node, which train together with those of other nodes if there are some."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.log import configure
from pipeline_lib.training.curve import Step
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.stop_signal import StopSignal
from pipeline_lib.training.task import TrainingInputs

HEARD = "TORCHELASTIC_SIGNALS_TO_HANDLE"
SECONDS_TO_MEET = 900

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What every process of a training is given."""

    material: TrainingInputs
    settings: TrainSettings
    folder: Path
    resume: Resume
    log: Path

    def log_of(self, rank: int) -> Path:
        """Return the log of one process."""
        return self.log.with_suffix(f".{rank}.log")

    def do(self) -> list[Step]:
        """Train in this process."""
        return train_recipe(self.material, self.settings, self.folder, self.resume)


@dataclass(frozen=True)
class Rendezvous:
    """Where the nodes of a training meet, and whether this one keeps the place."""

    nodes: int = 1
    place: str = "localhost:0"
    name: str = "training"
    host: bool = True


def launch(work: Work, count: int, meeting: Rendezvous) -> dict[int, list[Step]]:
    """Train in `count` processes of this node and return their steps, by rank; each writes a log beside the job's.

    A process that fails raises PipelineError with what it said. A notice to end is passed on, and raises SystemExit
    when the processes have kept their state.
    """
    os.environ[HEARD] = "SIGINT,SIGHUP,SIGQUIT"  # the launcher would not give them the time to keep their state
    config = LaunchConfig(
        min_nodes=meeting.nodes,
        max_nodes=meeting.nodes,
        nproc_per_node=count,
        run_id=meeting.name,
        rdzv_backend="c10d",
        rdzv_endpoint=meeting.place,
        rdzv_configs={"is_host": meeting.host, "timeout": SECONDS_TO_MEET},
        max_restarts=0,
        start_method="spawn",
    )
    with StopSignal() as notice:
        try:
            steps: dict[int, list[Step]] = elastic_launch(config, _process)(work)
        except SignalException as error:
            raise SystemExit from error
        except ChildFailedError as error:
            if notice.heard:
                raise SystemExit from error
            rank, _ = error.get_first_failure()
            raise PipelineError(
                f"process {rank} of this training failed", where=work.log_of(rank), value=_last_line(work.log_of(rank))
            ) from error
    return steps


def _process(work: Work) -> list[Step]:
    rank = int(os.environ["RANK"])
    configure(work.log_of(rank), f"process {rank}")
    try:
        return work.do()
    except SystemExit as error:  # the launcher takes it for success
        raise RuntimeError("told to end") from error
    except Exception as error:  # the boundary of this process: what went wrong must reach its log
        logger.error("%s", error if isinstance(error, PipelineError) else f"{type(error).__name__}: {error}")
        raise


def _last_line(log: Path) -> Any:
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    return lines[-1] if lines else None
