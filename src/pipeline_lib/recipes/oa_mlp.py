"""Recipe `oa_mlp`: LLaVA-OA's tuning of LLaVA-Med's projector, `projector` with its published values: 16 rows a step.

Source: wanglihx/LLaVA-OA ca1761b, `2-new/mlp-train.sh`. It trains on the text of vicuna_v1, and evaluates with
mistral_instruct: `template: mistral_instruct` does both alike.
"""

from typing import Literal

from pipeline_lib.recipes.base import MaxLength, Order
from pipeline_lib.recipes.projector import ProjectorSettings
from pipeline_lib.recipes.projector import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate


class Settings(ProjectorSettings):
    """The published values as defaults."""

    name: Literal["oa_mlp"]
    order: Order = "modality"
    max_length: MaxLength = 1024
    learning_rate: LearningRate = 1e-4
    batch_size: BatchSize = 16
    epochs: Epochs = 1.0
    clip_norm: ClipNorm = 0.0
