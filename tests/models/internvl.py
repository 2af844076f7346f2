"""A tiny random InternVL: its parts, a composed model, and files as the original's code writes them."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken
from transformers import InternVLVisionConfig, InternVLVisionModel, LlamaConfig, LlamaForCausalLM

from pipeline_lib.models.card import Card
from pipeline_lib.models.family import Vlm, load_family
from pipeline_lib.models.saving import save_model
from pipeline_lib.models.tokenizer import train_language_tokenizer
from pipeline_lib.prompts.hermes_2 import BEGIN, END, SYSTEM
from tests.models.making import WORDS

CARD = Card(kind="vlm", family="internvl", template="hermes_2", image_shape="square")
SIDE = 28  # pixels of an image, of 4 x 4 patches: 2 x 2 features


def small_language(folder: Path) -> Path:
    """Make a random language model with the words of the template in a new folder, and return the folder."""
    tokenizer = train_language_tokenizer([f" {word}" for word in WORDS], 300, [SYSTEM, "system\n", "user\n"])
    tokenizer.add_tokens(
        [AddedToken(text, normalized=False, special=True) for text in (BEGIN, END)], special_tokens=True
    )
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), num_key_value_heads=2, initializer_range=0.3, rope_theta=5e6, **shape, **special
    )
    save_model(LlamaForCausalLM(config), [tokenizer], folder, Card(kind="language", family="internvl"))
    return folder


def small_tower(folder: Path) -> Path:
    """Make a random InternViT in a new folder, and return the folder."""
    shape = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(1)
    config = InternVLVisionConfig(
        image_size=SIDE, patch_size=7, use_qk_norm=True, norm_type="rms_norm", initializer_range=0.3, **shape
    )
    save_model(InternVLVisionModel(config), [], folder, Card(kind="vision", family="internvl"))
    return folder


def small_internvl(root: Path, pixel_shuffle: str = "v1") -> Vlm:
    """Compose a random InternVL from parts below `root`, which it makes."""
    card = Card.model_validate({**CARD.model_dump(), "pixel_shuffle": pixel_shuffle})
    vlm = load_family("internvl").compose(small_language(root / "language"), small_tower(root / "tower"), card, seed=0)
    with torch.no_grad():  # wider, so that an image matters
        vlm.model.model.multi_modal_projector.linear_2.weight.mul_(10)
    return vlm


def write_tensors(tensors: dict[str, torch.Tensor], config: dict[str, object], folder: Path) -> dict[str, Path]:
    """Write tensors and a config.json into a new folder, and return its files by name."""
    folder.mkdir(parents=True)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    return {path.name: path for path in folder.iterdir()}
