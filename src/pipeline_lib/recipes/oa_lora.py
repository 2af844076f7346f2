"""Recipe `oa_lora`: LLaVA-OA's tuning of LLaVA-Med by LoRA, `lora` with its published values: 16 rows a step.

Source: wanglihx/LLaVA-OA ca1761b, `1-copy/finetune_task_lora.sh`. It trains on the text of vicuna_v1, and evaluates
with mistral_instruct: `template: mistral_instruct` does both alike.
"""

from typing import Literal

from pipeline_lib.recipes.base import Order, ProjectorRate
from pipeline_lib.recipes.lora import LoraSettings
from pipeline_lib.recipes.lora import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate


class Settings(LoraSettings):
    """The published values as defaults."""

    name: Literal["oa_lora"]
    order: Order = "modality"
    learning_rate: LearningRate = 2e-4
    projector_learning_rate: ProjectorRate = 2e-5
    batch_size: BatchSize = 16
    epochs: Epochs = 3.0
    clip_norm: ClipNorm = 0.0
