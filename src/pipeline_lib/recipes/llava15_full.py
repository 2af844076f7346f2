"""Recipe `llava15_full`: LLaVA-1.5's instruction tuning, `full` with its published values: 128 rows a step.

Source: haotian-liu/LLaVA c121f04, `scripts/v1_5/finetune.sh`; its DeepSpeed did not clip.
"""

from typing import Literal

from pipeline_lib.recipes.base import Order
from pipeline_lib.recipes.full import FullSettings
from pipeline_lib.recipes.full import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate


class Settings(FullSettings):
    """The published values as defaults."""

    name: Literal["llava15_full"]
    order: Order = "modality"
    learning_rate: LearningRate = 2e-5
    batch_size: BatchSize = 128
    epochs: Epochs = 1.0
    clip_norm: ClipNorm = 0.0
