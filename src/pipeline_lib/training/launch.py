"""Launch the training processes of one node with torch's elastic launcher, together with those of other nodes."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

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

SIGNALS = "TORCHELASTIC_SIGNALS_TO_HANDLE"
RENDEZVOUS_SECONDS = 900
ERROR = " ERROR "  # in the first line of an error in a log

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What every process of a training needs: inputs, settings, output folder, saved states, log."""

    material: TrainingInputs
    settings: TrainSettings
    folder: Path
    resume: Resume
    log: Path

    def log_of(self, rank: int) -> Path:
        """Return the log file of one process."""
        return self.log.with_suffix(f".{rank}.log")

    def train(self) -> list[Step]:
        """Train in this process."""
        return train_recipe(self.material, self.settings, self.folder, self.resume)


@dataclass(frozen=True)
class Rendezvous:
    """torch's rendezvous of a training's nodes, and whether this node hosts it."""

    nodes: int = 1
    endpoint: str = "localhost:0"
    name: str = "training"
    host: bool = True


def launch(work: Work, count: int, rendezvous: Rendezvous) -> dict[int, list[Step]]:
    """Train in `count` processes of this node and return their steps, by rank; each writes a log beside the job's.

    Raises PipelineError with the error that ends its log where a process fails. TERM is passed on to the processes;
    when they have saved their state, SystemExit is raised.
    """
    os.environ[SIGNALS] = "SIGINT,SIGHUP,SIGQUIT"  # not TERM: processes need time to save
    config = LaunchConfig(
        min_nodes=rendezvous.nodes,
        max_nodes=rendezvous.nodes,
        nproc_per_node=count,
        run_id=rendezvous.name,
        rdzv_backend="c10d",
        rdzv_endpoint=rendezvous.endpoint,
        rdzv_configs={"is_host": rendezvous.host, "timeout": RENDEZVOUS_SECONDS},
        max_restarts=0,
        start_method="spawn",
    )
    with StopSignal() as stop_signal:
        try:
            steps: dict[int, list[Step]] = elastic_launch(config, _process)(work)
        except SignalException as error:
            raise SystemExit from error
        except ChildFailedError as error:
            if stop_signal.received:
                raise SystemExit from error
            rank, _ = error.get_first_failure()
            raise PipelineError(
                f"process {rank} of this training failed", where=work.log_of(rank), value=_last_error(work.log_of(rank))
            ) from error
    return steps


def _process(work: Work) -> list[Step]:
    rank = int(os.environ["RANK"])
    configure(work.log_of(rank), f"process {rank}", None if rank else work.log)
    try:
        return work.train()
    except SystemExit as error:  # which the launcher takes for success
        raise RuntimeError("stopped by TERM") from error
    except Exception as error:  # the boundary of this process: its log must name the error
        logger.error("%s", error if isinstance(error, PipelineError) else f"{type(error).__name__}: {error}")
        raise


def _last_error(log: Path) -> str | None:
    """Return the last line of a log, or the last error with the lines below it; None for no log or an empty one."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    errors = [number for number, line in enumerate(lines) if ERROR in line]
    return " ".join(map(str.strip, lines[errors[-1] if errors else -1 :])) or None
