"""Compare what a training needs of memory with what there is before anything is loaded; refuse one that cannot fit.

The needs are those of `need.py`; parameters are counted in the recipe's real model, without its tensors.
"""

import logging
from dataclasses import replace
from typing import cast

import torch

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.machine.memory import gpu_memory, main_memory
from pipeline_lib.machine.slurm_job import is_spread
from pipeline_lib.training.need import Rows, Sizes, Trains, describe, gib, need
from pipeline_lib.training.settings import Optimisation, RecipeSettings, TrainSettings
from pipeline_lib.training.task import Recipe, TrainingInputs, trained_parameters

LORA = ".lora_"  # in the names of PEFT's updates

logger = logging.getLogger(__name__)


def sizes_of(recipe: RecipeSettings, material: TrainingInputs) -> Sizes:
    """Return the sizes of a recipe's model, added and frozen parameters included; no tensor is read or allocated."""
    with torch.device("meta"):
        model = cast(Recipe, load("recipes", recipe.name)).prepare(recipe, material).model
    total = sum(value.numel() for value in model.parameters())
    trained = trained_parameters(model)
    sizes = Sizes(total, sum(value.numel() for value in trained.values()))
    if recipe.makes == "clip":
        return sizes
    text = model.config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    trains: Trains = "none"
    if any(LORA in name for name in trained):
        trains = "lora"
    elif any(parameter is model.get_input_embeddings().weight for parameter in trained.values()):
        trains = "all"
    return replace(
        sizes,
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=text.intermediate_size,
        vocabulary=text.vocab_size,
        keys=width * text.num_key_value_heads,
        trains=trains,
        rank=getattr(recipe, "rank", 0),
        dropout=getattr(recipe, "dropout", 0.0),
    )


def check_memory(settings: TrainSettings, material: TrainingInputs, tokens: int | None) -> Sizes | None:
    """Return the sizes of a training, None for one without steps; warn where it may not fit.

    Raises PipelineError for a training that cannot fit into this machine's memory.
    """
    if not isinstance(settings.recipe, Optimisation):
        return None
    devices = settings.devices
    sizes = sizes_of(settings.recipe, material)
    batch = settings.recipe.batch_size
    required = need(sizes, devices, Rows(devices.rows(batch), tokens, passes=devices.passes(batch)))
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


def _cure(sizes: Sizes, settings: TrainSettings, available: int) -> str:
    """Return what the user can do: shard over the fewest GPUs that fit, train fewer parameters, or use more memory."""
    cures = []
    if settings.device == "cuda":
        for nodes, count in ((1, 2), (1, 4), (1, 8), (2, 8), (4, 8), (8, 8)):
            shared = {"nodes": nodes, "gpus_per_node": count}
            tried = settings.devices.model_copy(update={**shared, "sharding": "zero3", "precision": "bfloat16"})
            if need(sizes, tried, Rows(1)).certain <= available:
                where = "" if nodes == 1 else f"nodes: {nodes}, "
                cures.append(f"devices: {{{where}gpus_per_node: {count}, precision: bfloat16, sharding: zero3}}")
                break
    if sizes.trained > sizes.parameters // 2:
        cures.append("the recipe `lora` or `projector`, which train few parameters")
    return "; or ".join([*cures, "a machine with more memory, or a smaller model"])
