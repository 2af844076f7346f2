"""Recipe `internvl12_lora`: InternVL-Chat-V1.2 tuned further by LoRA, `lora` with its published values: 16 rows a step.

Source: OpenGVLab/InternVL 6b46697, `internvl_chat/shell/internvl1.2/2nd_finetune`, the script named `lora`; the scale
is that of `wrap_llm_lora` in its model's code, twice the rank. Its DeepSpeed clips at 1.
"""

from typing import Literal

from pipeline_lib.recipes.base import Order, Shape, TemplateName
from pipeline_lib.recipes.lora import Alpha, LoraSettings, Rank, TrainsProjector
from pipeline_lib.recipes.lora import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate, WeightDecay


class Settings(LoraSettings):
    """The published values as defaults."""

    name: Literal["internvl12_lora"]
    template: TemplateName = "hermes_2"
    image_shape: Shape = "square"
    order: Order = "length"
    rank: Rank = 16
    alpha: Alpha = 32
    trains_projector: TrainsProjector = False
    learning_rate: LearningRate = 1e-5
    batch_size: BatchSize = 16
    epochs: Epochs = 1.0
    weight_decay: WeightDecay = 0.05
    clip_norm: ClipNorm = 1.0
