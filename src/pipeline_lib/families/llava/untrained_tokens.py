"""Rows of a LLaVA's vocabulary that are not text: `<image>`, `<pad>`, and the padding to a multiple of 64.

haotian-liu/LLaVA c121f04 has none of them: there -200 stands for an image and `<unk>` pads. So the loss excludes them,
because each would add a little to the loss of every trained token, and they are never generated.
"""

from functools import partial
from typing import Any, Callable

import torch
from transformers import PreTrainedTokenizerBase
from transformers.loss.loss_utils import ForCausalLMLoss

from pipeline_lib.models.tokenizer import PAD
from pipeline_lib.prompts.base import IMAGE

Loss = Callable[..., torch.Tensor]


def untrained_token_ids(tokenizer: PreTrainedTokenizerBase, rows: int) -> list[int]:
    """Return the ids of a vocabulary's rows that are not text, in ascending order."""
    named = tokenizer.get_vocab()
    return sorted({named[name] for name in (IMAGE, PAD) if name in named} | set(range(len(tokenizer), rows)))


def loss_excluding(token_ids: list[int]) -> Loss:
    """Return transformers' causal language model loss over the vocabulary without some token ids."""
    return partial(_loss, excluded=torch.tensor(token_ids))


def _loss(logits: torch.Tensor, labels: torch.Tensor | None, excluded: torch.Tensor, **keywords: Any) -> torch.Tensor:
    scores = logits.float()
    fill = scores.index_fill if scores is logits else scores.index_fill_  # float() may have made a copy already
    loss: torch.Tensor = ForCausalLMLoss(fill(-1, excluded.to(logits.device), float("-inf")), labels, **keywords)
    return loss
