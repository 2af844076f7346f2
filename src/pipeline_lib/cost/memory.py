"""Estimate the memory of trainings, line by line: of each process on its device, and of a node's main memory."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from pipeline_lib.config.study import Study
from pipeline_lib.cost.cost import in_bytes
from pipeline_lib.cost.shapes import counts_of
from pipeline_lib.cost.trainings import training_need, training_sizes
from pipeline_lib.training.need import Need, Sizes
from pipeline_lib.training.settings import Optimisation

ROW = 5_700  # bytes of a conversation in a process, as objects and as what passes it on (docs/before_training.md)
IMAGES = 512 * 2**20  # of cached images in a process, as `training/batches.py` has them
COLUMNS = ("training", "recipe", "processes", "weights", "gradients", "optimizer", "activations", "a process", "a node")


@dataclass(frozen=True)
class Memory:
    """The needs of a training's process on its device, None without steps, and the bytes of main memory of a node."""

    training: str
    recipe: str
    processes: str
    need: Need | None
    node: int

    def cells(self) -> list[str]:
        """Return the row of a table."""
        if self.need is None:
            return [self.training, self.recipe, self.processes, *["-"] * 5, in_bytes(self.node)]
        parts = (self.need.weights + self.need.gathered, self.need.gradients, self.need.optimizer)
        amounts = (*parts, self.need.activations, self.need.total)
        return [self.training, self.recipe, self.processes, *map(in_bytes, amounts), in_bytes(self.node)]


def memory_of(study: Study, name: str, results: Path) -> Memory | None:
    """Return the memory of a training, None where its sizes are unknown."""
    sizes = training_sizes(study, name)
    if sizes is None:
        return None
    devices, required = study.trainings[name].devices, training_need(study, name, sizes, results)
    local = devices.gpus_per_node
    unit = "GPU" if study.device == "cuda" else "CPU"
    processes = f"{devices.processes} x {unit}" + (f", {devices.sharding}" if devices.sharding != "none" else "")
    loading = loading_bytes(study, name, sizes)
    if study.device == "cpu" and required is not None:
        loading = max(loading, required.total * local)
    beside = _rows(study, name, results) * ROW * (local + (local > 1)) + IMAGES * local * _shows_images(study, name)
    return Memory(name, study.trainings[name].recipe.name, processes, required, loading + beside)


def loading_bytes(study: Study, name: str, sizes: Sizes) -> int:
    """Return the bytes of main memory of a node while its processes load their model and prepare it for a GPU.

    A file in float32 is mapped, once for all processes; one in half precision is read into float32 by each of them. So
    are the two parts and the whole of a composed model. DeepSpeed then casts every process's copy to the precision.
    """
    training = study.trainings[name]
    local, whole = training.devices.gpus_per_node, 4 * sizes.parameters
    composed = study.model_kind(training.start) == "language" and training.tower is not None
    cast = 2 * sizes.parameters if training.devices.by_deepspeed and training.devices.precision == "bfloat16" else 0
    if not composed:
        return whole + cast * local if _is_float32(study, training.start) else (whole + cast) * local
    counts = counts_of(study, name)
    parts = 4 * (counts.parts["language"] + counts.parts["vision"]) if counts is not None else whole
    return (whole + max(parts, cast)) * local


def _is_float32(study: Study, model: str) -> bool:
    """Return whether a model's file has float32: not that of published weights or of DeepSpeed in bfloat16."""
    if model in study.weights:
        return study.weights[model].make.computes
    devices = study.trainings[model].devices
    saved = study.trainings[model].recipe.saves
    if saved == "adapter":  # merged into the model that it started from
        return _is_float32(study, study.trainings[model].start)
    return not (devices.by_deepspeed and devices.precision == "bfloat16")


def _rows(study: Study, name: str, results: Path) -> int:
    """Return how many rows a training reads, 0 before they are sampled."""
    path = results / f"subsets/{study.trainings[name].subset}.parquet"
    return int(pq.read_metadata(path).num_rows) if path.is_file() else 0


def _shows_images(study: Study, name: str) -> bool:
    recipe = study.trainings[name].recipe
    return isinstance(recipe, Optimisation) and recipe.makes != "language"
