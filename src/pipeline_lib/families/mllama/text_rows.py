"""Rows without an image in a batch with images: transformers lets them see the others' padding, and this does not.

Where no tile is visible to a token, transformers 5.23 (`modeling_mllama.py`, `_prepare_cross_attention_mask`) lets it
attend to all tiles alike, and skips the layers only for batches without any image. So a row's answer would depend on
the rows beside it.
"""

from typing import Any

import torch
from transformers import MllamaForConditionalGeneration
from transformers.models.mllama.modeling_mllama import MllamaCrossAttentionDecoderLayer


def skip_text_rows(model: MllamaForConditionalGeneration) -> None:
    """Make the cross-attention layers pass rows on unchanged that see no image."""
    for module in model.modules():
        if isinstance(module, MllamaCrossAttentionDecoderLayer):
            module.register_forward_hook(_passed_on, with_kwargs=True)


def _passed_on(
    module: Any, inputs: tuple[torch.Tensor], keywords: dict[str, Any], output: torch.Tensor
) -> torch.Tensor:
    visible = keywords.get("full_text_row_masked_out_mask")  # [rows, 1, tokens, 1], 0 for a token that sees no tile
    if visible is None:
        return output
    return torch.where(visible[:, 0].any(dim=1, keepdim=True), output, inputs[0])
