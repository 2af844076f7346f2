"""Recipe `internvl12_continue`: InternVL-Chat-V1.2 tuned further, `full` with its published values: 128 rows a step.

Source: OpenGVLab/InternVL 2410d1d, `internvl_chat/shell/internvl1.2/2nd_finetune`, the script named `full`; its
DeepSpeed clips at 1.
"""

from typing import Literal

from pipeline_lib.recipes.base import Order, Shape, TemplateName
from pipeline_lib.recipes.full import FullSettings
from pipeline_lib.recipes.full import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate, WeightDecay


class Settings(FullSettings):
    """The published values as defaults."""

    name: Literal["internvl12_continue"]
    template: TemplateName = "hermes_2"
    image_shape: Shape = "square"
    order: Order = "length"
    learning_rate: LearningRate = 1e-5
    batch_size: BatchSize = 128
    epochs: Epochs = 1.0
    weight_decay: WeightDecay = 0.05
    clip_norm: ClipNorm = 1.0
