"""Rows of a LLaVA's vocabulary that are no words: `<image>`, `<pad>`, and those that fill it up to a multiple of 64.

haotian-liu/LLaVA c121f04 has none of them: there -200 stands for an image and `<unk>` pads. So none of them takes part
in the loss, where each would cost every trained token a little, and none is ever answered.
"""

from functools import partial
from typing import Any, Callable

import torch
from transformers import PreTrainedTokenizerBase
from transformers.loss.loss_utils import ForCausalLMLoss

from pipeline_lib.models.tokenizer import IMAGE, PAD

Loss = Callable[..., torch.Tensor]


def untrained_token_ids(tokenizer: PreTrainedTokenizerBase, rows: int) -> list[int]:
    """Return which of a vocabulary's rows are no words, in ascending order."""
    named = tokenizer.get_vocab()
    return sorted({named[name] for name in (IMAGE, PAD) if name in named} | set(range(len(tokenizer), rows)))


def loss_of_words(without: list[int]) -> Loss:
    """Return transformers' loss of a causal language model over all rows of its vocabulary but some."""
    return partial(_loss, without=torch.tensor(without))


def _loss(logits: torch.Tensor, labels: torch.Tensor | None, without: torch.Tensor, **keywords: Any) -> torch.Tensor:
    words = logits.float()
    fill = words.index_fill if words is logits else words.index_fill_  # a copy was made already, and is not made twice
    loss: torch.Tensor = ForCausalLMLoss(fill(-1, without.to(logits.device), float("-inf")), labels, **keywords)
    return loss
