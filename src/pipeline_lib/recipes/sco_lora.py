"""Recipe `sco_lora`: LLaVA-SCo's tuning of Llama-3.2V-11B-cot by LoRA, `lora` with its published values: 8 rows a step.

Its command leaves most of them to meta-llama/llama-recipes, here as of faae2fd, `src/llama_cookbook/configs/peft.py`
and `training.py`. Their list of layers also matches the vision model's, which is frozen here.
"""

from typing import Literal

from pipeline_lib.recipes.base import MaxLength, Shape, TemplateName
from pipeline_lib.recipes.lora import Alpha, Layers, LoraSettings, Rank, TrainsProjector
from pipeline_lib.recipes.lora import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate, RateFactor, Schedule, Warmup


class Settings(LoraSettings):
    """The published values as defaults."""

    name: Literal["sco_lora"]
    template: TemplateName = "llama_3"
    image_shape: Shape = "square"
    rank: Rank = 8
    alpha: Alpha = 32
    layers: Layers = ["q_proj", "v_proj"]
    trains_projector: TrainsProjector = False
    learning_rate: LearningRate = 1e-5
    batch_size: BatchSize = 8
    epochs: Epochs = 3.0
    schedule: Schedule = "step"
    rate_factor: RateFactor = 0.85
    warmup: Warmup = 0.0
    clip_norm: ClipNorm = 0.0
    max_length: MaxLength = 4096
