"""What a training needs of memory, before anything is loaded: held against what is there, refused where it cannot fit.

Weights, gradients and optimizer states follow from the shapes and are exact. Activations are an estimate.
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
    """A model in numbers: its parameters, those trained, and the shape of its language model, if it has one."""

    parameters: int
    trained: int
    layers: int = 0
    hidden: int = 0
    intermediate: int = 0
    vocabulary: int = 0


@dataclass(frozen=True)
class Need:
    """Bytes that one process needs on its device; `activations` are estimated, None where they are not known."""

    weights: int
    gradients: int
    optimizer: int
    activations: int | None

    @property
    def certain(self) -> int:
        """Return what is needed whatever the rows are: weights and optimizer."""
        return self.weights + self.optimizer

    @property
    def total(self) -> int:
        """Return the sum of all parts, without activations where they are not known."""
        return self.certain + self.gradients + (self.activations or 0)


def sizes_of(recipe: RecipeSettings, material: TrainingInputs) -> Sizes:
    """Return the sizes of what a recipe trains, with all that it adds and freezes; no tensor is read or made."""
    with torch.device("meta"):
        model = cast(Recipe, load("recipes", recipe.name)).prepare(recipe, material).model
    every = sum(value.numel() for value in model.parameters())
    trained = sum(value.numel() for value in trained_parameters(model).values())
    if recipe.makes == "clip":
        return Sizes(every, trained)
    text = model.config.get_text_config()
    return Sizes(every, trained, text.num_hidden_layers, text.hidden_size, text.intermediate_size, text.vocab_size)


def need(sizes: Sizes, devices: Devices, rows: int, tokens: int | None) -> Need:
    """Return what one process needs that takes `rows` rows of at most `tokens` tokens in a pass.

    Without sharding weights, gradients and AdamW's two means are float32, also where bfloat16 is computed in. DeepSpeed
    keeps weights and gradients in the precision, spreads gradients, the means and a float32 copy of what is trained
    over the processes, and with zero3 the weights too (Rajbhandari et al. 2020, arXiv 1910.02054, figure 1).
    """
    width, share = WIDTH[devices.precision], devices.processes
    activations = None if tokens is None else _activations(sizes, devices, rows * tokens)
    if devices.sharding == "none":
        return Need(4 * sizes.parameters, 4 * sizes.trained, 8 * sizes.trained, activations)
    weights = width * sizes.parameters // (share if devices.sharding == "zero3" else 1)
    return Need(weights, width * sizes.trained // share, 12 * sizes.trained // share, activations)


def check_memory(settings: TrainSettings, material: TrainingInputs, tokens: int | None) -> Sizes | None:
    """Return the sizes of a training, None for one that takes no step; warn where it may not fit.

    One that cannot fit into the memory that is here raises PipelineError.
    """
    if not isinstance(settings.recipe, Optimisation):
        return None
    devices = settings.devices
    sizes = sizes_of(settings.recipe, material)
    rows = devices.rows(settings.recipe.batch_size)
    found = need(sizes, devices, rows, tokens)
    logger.info("a process needs %s", told(found))
    main, here = main_memory(), devices.gpus_per_node if is_spread(devices.nodes) else devices.processes
    if settings.device == "cuda":
        room, where = gpu_memory(), "a GPU"
        loading = 4 * sizes.parameters * here
        if loading > main:
            logger.warning("loading needs %s of main memory, and there are %s", gib(loading), gib(main))
    else:
        room, where = main // here, "main memory, for each process"
    if room is None:
        logger.warning("how much memory the GPU has is not known: whether this training fits is not checked")
    elif found.certain > room:
        raise PipelineError(
            f"this training cannot fit: weights and optimizer alone need {gib(found.certain)}",
            where=where,
            value=gib(room),
            cure=_cure(sizes, settings, room),
        )
    elif found.total > room:
        logger.warning("this may not fit: about %s are needed, and there are %s", gib(found.total), gib(room))
    return sizes


def told(found: Need) -> str:
    """Return the parts of a need in words."""
    parts = {"weights": found.weights, "gradients": found.gradients, "optimizer": found.optimizer}
    about = "unknown" if found.activations is None else f"about {gib(found.activations)}"
    return ", ".join([*(f"{name} {gib(size)}" for name, size in parts.items()), f"activations {about}"])


def gib(size: int) -> str:
    """Return a number of bytes in GiB."""
    return f"{size / GIB:.2f} GiB"


def _activations(sizes: Sizes, devices: Devices, tokens: int) -> int | None:
    """Return about how many bytes the language model keeps for its gradients, its loss as if all were trained.

    Of a Llama layer: inputs of norms, projections and the product of attention, twelve hidden vectors, and four of the
    feed-forward part. Recomputed, one hidden vector a layer is kept, and one layer at a time is whole.
    """
    if not sizes.layers:
        return None
    width = WIDTH[devices.precision]
    layer = (12 * sizes.hidden + 4 * sizes.intermediate) * width
    kept = sizes.layers * sizes.hidden * width + layer if devices.recompute_activations else sizes.layers * layer
    logits = sizes.vocabulary * (width + 12)  # in the precision, in float32, without some words, and their gradient
    return tokens * (kept + logits)


def _cure(sizes: Sizes, settings: TrainSettings, room: int) -> str:
    """Return ways out: those of sharding that fit, and to train less."""
    ways = []
    if settings.device == "cuda":
        for nodes, count in ((1, 2), (1, 4), (1, 8), (2, 8), (4, 8), (8, 8)):
            shared = {"nodes": nodes, "gpus_per_node": count}
            tried = settings.devices.model_copy(update={**shared, "sharding": "zero3", "precision": "bfloat16"})
            if need(sizes, tried, 1, None).certain <= room:
                where = "" if nodes == 1 else f"nodes: {nodes}, "
                ways.append(f"devices: {{{where}gpus_per_node: {count}, precision: bfloat16, sharding: zero3}}")
                break
    if sizes.trained > sizes.parameters // 2:
        ways.append("the recipe `lora` or `projector`, which train few parameters")
    return "; or ".join([*ways, "a machine with more memory, or a smaller model"])
