"""Compose an InternVL of a language model and InternViT, with a random projector.

Source of the rule for new tokens: OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/train/internvl_chat_finetune.py`.
"""

from pathlib import Path

import torch
from transformers import (
    InternVLConfig,
    InternVLForConditionalGeneration,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
)

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.families.internvl.pixels import tokens_of_an_image
from pipeline_lib.families.internvl.tokens import ADDED, CONTEXT, DOWNSAMPLE_RATIO, with_added
from pipeline_lib.families.internvl.tower import load_tower
from pipeline_lib.models.card import expect_kind
from pipeline_lib.models.saving import load_model
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.prompts.hermes_2 import END


def composed(
    language: Path, tower: Path, seed: int
) -> tuple[InternVLForConditionalGeneration, PreTrainedTokenizerBase]:
    """Return the model, whose new rows of embedding and head are the mean of the old ones, and its tokenizer."""
    expect_kind(language, "language")
    words, vision = load_model(LlamaForCausalLM, language), load_tower(tower)
    before = load_tokenizer(language)
    tokenizer = with_added(before)
    _grow_vocabulary(words, len(tokenizer), len(set(ADDED) - before.get_vocab().keys()))
    for part in (words, vision):
        part.config.name_or_path = ""  # a folder of this machine
    torch.manual_seed(derive_seed(seed, "compose", "projector"))
    model = InternVLForConditionalGeneration(
        InternVLConfig(
            vision_config=vision.config,
            text_config=words.config,
            image_token_id=tokenizer.convert_tokens_to_ids(CONTEXT),
            image_seq_length=tokens_of_an_image(vision.config, DOWNSAMPLE_RATIO),
            downsample_ratio=DOWNSAMPLE_RATIO,
            tie_word_embeddings=words.config.tie_word_embeddings,
        )
    )
    model.model.language_model.load_state_dict(words.model.state_dict())
    model.lm_head.load_state_dict(words.lm_head.state_dict())
    model.model.vision_tower.load_state_dict(vision.state_dict())
    for name, value in special_ids(tokenizer).items():
        setattr(model.generation_config, name, value)
    return model, tokenizer


def special_ids(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Return the ids that begin a text, end an answer (the template's end, where it is a token) and pad."""
    end = tokenizer.get_vocab().get(END, tokenizer.eos_token_id)
    return {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": end, "pad_token_id": tokenizer.pad_token_id}


def _grow_vocabulary(model: LlamaForCausalLM, rows: int, added: int) -> None:
    """Give embedding and head as many rows as there are tokens; the `added` last ones are the mean of the others."""
    model.resize_token_embeddings(rows, mean_resizing=False)
    with torch.no_grad():
        for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
            if added:
                layer.weight[-added:] = layer.weight[:-added].mean(dim=0)
