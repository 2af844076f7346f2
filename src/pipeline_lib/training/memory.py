"""Estimate the memory of a training before anything is loaded, and refuse a training that cannot fit.

Sizes of weights, gradients and optimizer states follow from the shapes and are exact. Activations are an estimate.
"""

import logging
from dataclasses import dataclass
from typing import cast

import torch

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.machine.memory import gpu_memory, main_memory
from pipeline_lib.machine.slurm_job import is_spread
from pipeline_lib.training.settings import Devices, Optimisation, RecipeSettings, TrainSettings
from pipeline_lib.training.task import Recipe, TrainingInputs, trained_parameters

GIB = 2**30
WIDTH = {"float32": 4, "bfloat16": 2}  # bytes of a number

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sizes:
    """Counts of all and of trained parameters, and the shape of the language model, if there is one."""

    parameters: int
    trained: int
    layers: int = 0
    hidden: int = 0
    intermediate: int = 0
    vocabulary: int = 0


@dataclass(frozen=True)
class Need:
    """Bytes that one process needs on its device; `activations` is an estimate, None if unknown."""

    weights: int
    gradients: int
    optimizer: int
    activations: int | None

    @property
    def certain(self) -> int:
        """Return the bytes for any rows: weights and optimizer."""
        return self.weights + self.optimizer

    @property
    def total(self) -> int:
        """Return the sum of all parts, without activations if they are unknown."""
        return self.certain + self.gradients + (self.activations or 0)


def sizes_of(recipe: RecipeSettings, material: TrainingInputs) -> Sizes:
    """Return the sizes of a recipe's model, added and frozen parameters included; no tensor is read or allocated."""
    with torch.device("meta"):
        model = cast(Recipe, load("recipes", recipe.name)).prepare(recipe, material).model
    total = sum(value.numel() for value in model.parameters())
    trained = sum(value.numel() for value in trained_parameters(model).values())
    if recipe.makes == "clip":
        return Sizes(total, trained)
    text = model.config.get_text_config()
    return Sizes(total, trained, text.num_hidden_layers, text.hidden_size, text.intermediate_size, text.vocab_size)


def need(sizes: Sizes, devices: Devices, rows: int, tokens: int | None) -> Need:
    """Return what one process needs for passes of `rows` rows of at most `tokens` tokens.

    Without sharding, weights, gradients and AdamW's two moments are float32, also if the precision is bfloat16.
    DeepSpeed stores weights and gradients in the precision. It shards gradients, moments and a float32 copy of trained
    weights over the processes, with zero3 the weights too (Rajbhandari et al. 2020, arXiv 1910.02054, figure 1).
    FSDP shards what is there without sharding, all in float32; the layer that computes is whole, beyond this count.
    """
    width, share = WIDTH[devices.precision], devices.processes
    activations = None if tokens is None else _activations(sizes, devices, rows * tokens)
    if devices.sharding == "none":
        return Need(4 * sizes.parameters, 4 * sizes.trained, 8 * sizes.trained, activations)
    if devices.sharding == "fsdp":
        whole = need(sizes, devices.model_copy(update={"sharding": "none"}), rows, tokens)
        return Need(whole.weights // share, whole.gradients // share, whole.optimizer // share, activations)
    weights = width * sizes.parameters // (share if devices.sharding == "zero3" else 1)
    return Need(weights, width * sizes.trained // share, 12 * sizes.trained // share, activations)


def check_memory(settings: TrainSettings, material: TrainingInputs, tokens: int | None) -> Sizes | None:
    """Return the sizes of a training, None for one without steps; warn where it may not fit.

    Raises PipelineError for a training that cannot fit into this machine's memory.
    """
    if not isinstance(settings.recipe, Optimisation):
        return None
    devices = settings.devices
    sizes = sizes_of(settings.recipe, material)
    rows = devices.rows(settings.recipe.batch_size)
    required = need(sizes, devices, rows, tokens)
    logger.info("a process needs %s", describe(required))
    main, local = main_memory(), devices.gpus_per_node if is_spread(devices.nodes) else devices.processes
    if settings.device == "cuda":
        available, where = gpu_memory(), "a GPU"
        loading = 4 * sizes.parameters * local
        if loading > main:
            logger.warning("loading needs %s of main memory, and this machine has %s", gib(loading), gib(main))
    else:
        available, where = main // local, "main memory, for each process"
    if available is None:
        logger.warning("the GPU's memory is unknown: whether this training fits is not checked")
    elif required.certain > available:
        raise PipelineError(
            f"this training cannot fit: weights and optimizer alone need {gib(required.certain)}",
            where=where,
            value=gib(available),
            cure=_cure(sizes, settings, available),
        )
    elif required.total > available:
        logger.warning("this may not fit: it needs about %s, and %s are available", gib(required.total), gib(available))
    return sizes


def describe(required: Need) -> str:
    """Return the parts of a need in words."""
    parts = {"weights": required.weights, "gradients": required.gradients, "optimizer": required.optimizer}
    activations = "unknown" if required.activations is None else f"about {gib(required.activations)}"
    return ", ".join([*(f"{name} {gib(size)}" for name, size in parts.items()), f"activations {activations}"])


def gib(size: int) -> str:
    """Return a number of bytes in GiB."""
    return f"{size / GIB:.2f} GiB"


def _activations(sizes: Sizes, devices: Devices, tokens: int) -> int | None:
    """Estimate the bytes that the language model stores for its backward pass, as if every token were trained.

    A Llama layer stores the inputs of norms, projections and attention's product: twelve vectors of the hidden size and
    four of the feed-forward size. With recomputed activations each layer stores one hidden vector, and one layer at a
    time all of its vectors.
    """
    if not sizes.layers:
        return None
    width = WIDTH[devices.precision]
    layer = (12 * sizes.hidden + 4 * sizes.intermediate) * width
    layers = sizes.layers * sizes.hidden * width + layer if devices.recompute_activations else sizes.layers * layer
    logits = sizes.vocabulary * (width + 12)  # in the precision, and in float32: whole, masked, their gradient
    return tokens * (layers + logits)


def _cure(sizes: Sizes, settings: TrainSettings, available: int) -> str:
    """Return what the user can do: shard over the fewest GPUs that fit, train fewer parameters, or use more memory."""
    cures = []
    if settings.device == "cuda":
        for nodes, count in ((1, 2), (1, 4), (1, 8), (2, 8), (4, 8), (8, 8)):
            shared = {"nodes": nodes, "gpus_per_node": count}
            tried = settings.devices.model_copy(update={**shared, "sharding": "zero3", "precision": "bfloat16"})
            if need(sizes, tried, 1, None).certain <= available:
                where = "" if nodes == 1 else f"nodes: {nodes}, "
                cures.append(f"devices: {{{where}gpus_per_node: {count}, precision: bfloat16, sharding: zero3}}")
                break
    if sizes.trained > sizes.parameters // 2:
        cures.append("the recipe `lora` or `projector`, which train few parameters")
    return "; or ".join([*cures, "a machine with more memory, or a smaller model"])
