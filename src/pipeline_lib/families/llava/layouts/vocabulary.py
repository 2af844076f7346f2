"""Add the rows of embedding and head that transformers' Llava needs, and remove them again.

As in the llava-hf files, `<image>` and `<pad>` follow the language model's tokens, and the tables are padded to a
multiple of 64. In those files the new rows are drawn at random without a seed; this module writes the mean of the other
rows, so that two conversions are equal byte by byte.
"""

from pathlib import Path

import torch

from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.families.llava.model import VOCABULARY_MULTIPLE
from pipeline_lib.models.tokenizer import PAD
from pipeline_lib.prompts.base import IMAGE

ADDED = 2  # `<image>` and `<pad>`
_OF_A_LLAVA = ("extra_special_tokens", "processor_class", "added_tokens_decoder", "model_specific_special_tokens")
TABLES = ("model.language_model.embed_tokens.weight", "lm_head.weight")


def padded(rows: int) -> int:
    """Return the number of rows in a Llava whose language model has `rows`."""
    return -(-(rows + ADDED) // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE


def grown(model_name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor as a Llava has it: token tables get the added rows, other tensors are unchanged."""
    if model_name not in TABLES:
        return tensor
    mean = tensor.float().mean(dim=0).to(tensor.dtype)
    added = padded(len(tensor)) - len(tensor)
    return torch.cat([tensor, mean.expand(added, -1)])


def shrunk(model_name: str, tensor: torch.Tensor, rows: int) -> torch.Tensor:
    """Return a tensor as the language model has it: token tables lose the rows that `grown` added."""
    return tensor[:rows] if model_name in TABLES else tensor


def rows_without_added(image_token: int, pad_token: int, rows: int, where: object) -> int:
    """Return how many rows the language model had, from the ids of its added tokens.

    Ids that differ from those after `grown` raise PipelineError.
    """
    if pad_token != image_token + 1 or rows != padded(image_token):
        raise PipelineError(
            "the tokens <image> and <pad> are not the first ones after the language model's, padded to 64 rows",
            where=where, value={"<image>": image_token, "<pad>": pad_token, "rows": rows},
            cure="the original code has no layout for such a model",
        )  # fmt: skip
    return image_token


def check_size(tokens: int, rows: int, where: object) -> None:
    """Raise PipelineError where tokenizer and embedding differ in size."""
    if tokens != rows:
        raise PipelineError(
            "the tokenizer and the embedding differ in size", where=where,
            value={"tokens of the tokenizer": tokens, "rows of the embedding": rows},
            cure="take tokenizer and weights from one model",
        )  # fmt: skip


def without_added(files: dict[str, Path], rows: int) -> dict[str, str]:
    """Return the texts of a LLaVA's tokenizer files, without the tokens that a language model of `rows` lacks.

    The padding token is `<unk>`, as in the original.
    """
    tokenizer = read_metadata(files["tokenizer.json"])
    tokenizer["added_tokens"] = [entry for entry in tokenizer["added_tokens"] if entry["id"] < rows]
    tokenizer["padding"] = None
    config = read_metadata(files["tokenizer_config.json"])
    known = {key: value for key, value in config.items() if value not in (IMAGE, PAD) and key not in _OF_A_LLAVA}
    return {
        "tokenizer.json": pretty_json(tokenizer),
        "tokenizer_config.json": pretty_json({**known, "pad_token": config.get("unk_token"), "padding_side": "right"}),
    }
