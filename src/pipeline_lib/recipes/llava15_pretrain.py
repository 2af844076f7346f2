"""Recipe `llava15_pretrain`: LLaVA-1.5's first stage, `projector` with its published values: 256 rows a step.

Source: haotian-liu/LLaVA c121f04, `scripts/v1_5/pretrain.sh`; its DeepSpeed did not clip.
"""

from typing import Literal

from pipeline_lib.recipes.base import Shape, TemplateName
from pipeline_lib.recipes.projector import ProjectorSettings
from pipeline_lib.recipes.projector import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate


class Settings(ProjectorSettings):
    """The published values as defaults."""

    name: Literal["llava15_pretrain"]
    template: TemplateName = "plain"
    image_shape: Shape = "square"
    learning_rate: LearningRate = 1e-3
    batch_size: BatchSize = 256
    epochs: Epochs = 1.0
    clip_norm: ClipNorm = 0.0
