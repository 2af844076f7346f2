"""A tiny random Mllama: four text layers of which two read images, gates open, images of up to four tiles."""

from pathlib import Path

import torch
from tokenizers import AddedToken
from transformers import MllamaConfig, MllamaForConditionalGeneration
from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil

from pipeline_lib.families.mllama.tokens import MARK
from pipeline_lib.models.card import Card
from pipeline_lib.models.saving import save_model
from pipeline_lib.models.tokenizer import train_language_tokenizer
from tests.models.making import WORDS

CARD = Card(kind="vlm", family="mllama", template="vicuna_v1", image_shape="square")
SIDE = 28  # pixels of a tile


def small_mllama(folder: Path) -> Path:
    """Make a random Mllama in a new folder, and return the folder."""
    tokenizer = train_language_tokenizer([f" {word}" for word in WORDS], 300, [" USER:", " ASSISTANT:"])
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    text = {
        **{"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "cross_attention_layers": [1, 3]},
        **{"max_position_embeddings": 512, "initializer_range": 0.3, **special},
    }
    vision = {
        **{"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_global_layers": 1},
        **{"attention_heads": 2, "image_size": SIDE, "patch_size": 14, "intermediate_layers_indices": [0, 1]},
        **{"vision_output_dim": 96, "max_num_tiles": 4, "initializer_range": 0.3},
    }
    tokenizer.add_tokens([AddedToken(MARK, normalized=False, special=True)], special_tokens=True)
    torch.manual_seed(0)
    model = MllamaForConditionalGeneration(
        MllamaConfig(text_config=text, vision_config=vision, image_token_index=tokenizer.convert_tokens_to_ids(MARK))
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "gate" in name and parameter.numel() == 1:
                parameter.fill_(1.0)  # 0 at first, which hides images
    for name, value in special.items():
        setattr(model.generation_config, name, value)
    processor = MllamaImageProcessorPil(size={"height": SIDE, "width": SIDE}, max_image_tiles=4)
    save_model(model, [tokenizer, processor], folder, CARD)
    return folder
