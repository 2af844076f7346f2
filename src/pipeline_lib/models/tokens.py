"""Read the tokenizer of a LLaVA and its tokens per image from small files, without reading tensors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PreTrainedTokenizerBase

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.manifest import SUFFIX, Manifest
from pipeline_lib.models.card import expect_kind, read_card
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.models.tokenizer import add_llava_tokens

TENSORS = (".safetensors", ".bin")


@dataclass(frozen=True)
class Tokens:
    """A tokenizer with the `<image>` token, and the count of tokens of one image."""

    tokenizer: PreTrainedTokenizerBase
    image_tokens: int


def open_tokens(start: Path, tower: Path | None) -> Tokens:
    """Return the tokens of a LLaVA made of these checkpoints; raise PipelineError for a language model without a tower.

    A tower that replaces the one of a LLaVA has the same shape, so that it does not matter here.
    """
    tokenizer = load_tokenizer(start)
    if read_card(start).kind != "language":
        expect_kind(start, "llava")
        return Tokens(tokenizer, int(_config(start).image_seq_length))
    if tower is None:
        raise PipelineError(
            "a language model needs a vision tower", where=start, cure="give the training that starts there a `tower`"
        )
    expect_kind(tower, "clip")
    add_llava_tokens(tokenizer)
    shape = _config(tower)  # of a whole CLIP model, or of a tower alone
    return Tokens(tokenizer, tokens_of_an_image(getattr(shape, "vision_config", shape)))


def tokens_of_an_image(vision: Any) -> int:
    """Return how many patches a tower of this configuration cuts an image into: one token each."""
    return int(vision.image_size // vision.patch_size) ** 2


def folder_without_tensors(manifest: Manifest) -> Path:
    """Verify a checkpoint's files, except its tensors, which may be gigabytes, and return its folder."""
    for entry in manifest.entries:
        if not entry.path.endswith(TENSORS):
            manifest.file(entry.path)
    return manifest.path.parent / manifest.path.name.removesuffix(SUFFIX)


def _config(folder: Path) -> Any:
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
