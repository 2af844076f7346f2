"""Recipe `clip_oa`: LLaVA-OA's CLIP of knee radiographs, `prototypes` with its published values: 32 rows a step.

Source: wanglihx/LLaVA-OA 8cfac12, `3-clip/cliptrain.py`. It decays norms and biases too.
"""

from typing import Literal

from pipeline_lib.benchmarks.knee_grading import CLASSES
from pipeline_lib.recipes.prototypes import Classes, ClassText, EpochRates, PrototypeSettings, Rates
from pipeline_lib.recipes.prototypes import prepare as prepare
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate, WeightDecay


class Settings(PrototypeSettings):
    """The published values as defaults."""

    name: Literal["clip_oa"]
    classes: Classes = [ClassText(label=str(grade), text=text) for grade, text in enumerate(CLASSES)]
    learning_rate: LearningRate = 1e-5
    batch_size: BatchSize = 32
    epochs: Epochs = 120.0
    weight_decay: WeightDecay = 1e-5
    clip_norm: ClipNorm = 1.0
    epoch_rates: Rates = EpochRates(warmup=5, every=30, factor=0.5)
