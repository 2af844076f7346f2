"""Features of a blank image early in a pass, so that all processes exchange sharded tensors in one order."""

from typing import Any, Callable

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline_lib.training.task import Batch


class BlankFirst(TrainerCallback):
    """Computes the features of a pass without an image where a pass with images reads its own.

    Where a training is sharded, all processes gather the weights of a layer together, and reduce its gradients
    together. A process whose rows have no image would read the blank one after the text, and the others would read
    an image before it: the processes would exchange different tensors, or wait for each other. Families read images after the text's
    embedding.
    """

    def __init__(self, blank_features: Callable[[Any, Batch], torch.Tensor | None]) -> None:
        self._blank_features = blank_features
        self._pass: tuple[Any, Batch] | None = None
        self._features: torch.Tensor | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Follow the passes of the model and of its embedding."""
        model = keywords["model"]
        model.register_forward_pre_hook(self._begin, with_kwargs=True)
        model.get_input_embeddings().register_forward_hook(self._embedded)

    def _begin(self, model: Any, arguments: tuple[Any, ...], batch: Batch) -> None:
        self._pass = model, batch

    def _embedded(self, embedding: Any, arguments: tuple[Any, ...], embedded: torch.Tensor) -> None:
        if self._pass is not None:
            begun, self._pass = self._pass, None
            self._features = self._blank_features(*begun)

    def __call__(self, model: Any, batch: Batch) -> torch.Tensor | None:
        """Return the sum of the features that the last pass computed, None if it showed an image."""
        features, self._features = self._features, None
        return features
