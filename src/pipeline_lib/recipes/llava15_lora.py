"""Recipe `llava15_lora`: LLaVA-1.5's tuning by LoRA, `lora` with its published values: 128 rows a step.

Source: haotian-liu/LLaVA c121f04, `scripts/v1_5/finetune_lora.sh`; its DeepSpeed did not clip.
"""

from typing import Literal

from pipeline_lib.recipes.base import Order, ProjectorRate
from pipeline_lib.recipes.lora import LoraSettings
from pipeline_lib.recipes.lora import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate


class Settings(LoraSettings):
    """The published values as defaults."""

    name: Literal["llava15_lora"]
    order: Order = "modality"
    learning_rate: LearningRate = 2e-4
    projector_learning_rate: ProjectorRate = 2e-5
    batch_size: BatchSize = 128
    epochs: Epochs = 1.0
    clip_norm: ClipNorm = 0.0
