"""Features of a blank image early in a pass, so that all processes exchange sharded tensors in one order."""

from typing import Any, Callable

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline_lib.training.task import Batch


class BlankFirst(TrainerCallback):
    """Adds zero times the features of a blank image to the embedded text of a pass without an image.

    Where a training is sharded, all processes gather the weights of a layer together, forwards and backwards, and
    reduce its gradients together. A process whose rows have no image must do so in the order of the others, which read
    images after the text's embedding: with a blank image behind the loss it would exchange different tensors, or wait
    for ever.
    """

    def __init__(self, blank_features: Callable[[Any, Batch], torch.Tensor | None]) -> None:
        self._blank_features = blank_features
        self._pass: tuple[Any, Batch] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Follow the passes of the model and of its embedding, behind what shards them."""
        model = keywords["model"]
        model.register_forward_pre_hook(self._begin, with_kwargs=True)
        model.get_input_embeddings().register_forward_hook(self._embedded)

    def _begin(self, model: Any, arguments: tuple[Any, ...], batch: Batch) -> None:
        self._pass = model, batch

    def _embedded(self, layer: Any, arguments: tuple[Any, ...], embedded: torch.Tensor) -> torch.Tensor | None:
        if self._pass is None:
            return None
        begun, self._pass = self._pass, None
        features = self._blank_features(*begun)
        return None if features is None else embedded + 0.0 * features
