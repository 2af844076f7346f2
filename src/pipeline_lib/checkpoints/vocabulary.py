"""Rows of the embedding and of the head: those that transformers' Llava needs, added and taken away again.

As in the llava-hf files, `<image>` and `<pad>` follow the language model's tokens and the whole is padded to a multiple
of 64. There the new rows are drawn at random without a seed; here they are the mean of the others, so that two
conversions are equal byte by byte.
"""

import torch

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.llava import VOCABULARY_MULTIPLE

ADDED = 2  # `<image>` and `<pad>`
TABLES = ("model.language_model.embed_tokens.weight", "lm_head.weight")


def padded(rows: int) -> int:
    """Return the rows of a Llava whose language model has `rows`."""
    return -(-(rows + ADDED) // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE


def grown(own_name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor as a Llava has it: tables of tokens get the rows that it needs, the rest stays as it is."""
    if own_name not in TABLES:
        return tensor
    mean = tensor.float().mean(dim=0).to(tensor.dtype)
    added = padded(len(tensor)) - len(tensor)
    return torch.cat([tensor, mean.expand(added, -1)])


def shrunk(own_name: str, tensor: torch.Tensor, rows: int) -> torch.Tensor:
    """Return a tensor as the language model has it: tables of tokens lose what `grown` added."""
    return tensor[:rows] if own_name in TABLES else tensor


def rows_without_added(image_token: int, pad_token: int, rows: int, where: object) -> int:
    """Return how many rows the language model had, from the tokens that were added to it.

    Tokens that do not stand where `grown` puts them raise PipelineError.
    """
    if pad_token != image_token + 1 or rows != padded(image_token):
        raise PipelineError(
            "the tokens <image> and <pad> are not the first ones after the language model's, padded to 64 rows",
            where=where, value={"<image>": image_token, "<pad>": pad_token, "rows": rows},
            cure="such a model has no layout in the original code",
        )  # fmt: skip
    return image_token


def check_size(tokens: int, rows: int, where: object) -> None:
    """Raise PipelineError where a tokenizer and the rows of the embedding are not of one size."""
    if tokens != rows:
        raise PipelineError(
            "the tokenizer and the embedding are not of one size", where=where,
            value={"tokens of the tokenizer": tokens, "rows of the embedding": rows},
            cure="take tokenizer and weights of one model",
        )  # fmt: skip
