"""Small random models as other programs write them, made without the converters that the tests are about."""

import json
import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import (
    CLIPConfig,
    CLIPModel,
    LlavaConfig,
    LlavaForConditionalGeneration,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from pipeline_lib.models.card import Card, write_card
from pipeline_lib.models.tokenizer import train_language_tokenizer

VOCABULARY = 300
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "initializer_range": 0.2,
    "tie_word_embeddings": False,
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 16,
    "hidden_act": "quick_gelu",
}
OWN = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
MULTIMODAL = {
    "image_aspect_ratio": "pad",
    "mm_hidden_size": 32,
    "mm_patch_merge_type": "flat",
    "mm_projector_type": "mlp2x_gelu",
    "mm_use_im_patch_token": False,
    "mm_use_im_start_end": False,
    "mm_vision_select_feature": "patch",
    "mm_vision_select_layer": -2,
    "mm_vision_tower": "some/clip",
}
Tensors = dict[str, torch.Tensor]


def make_clip(folder: Path, seed: int = 1) -> Path:
    """Write a random CLIP model of kind `clip`."""
    torch.manual_seed(seed)
    text = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(text_config={**text, "vocab_size": 64}, vision_config=VISION, projection_dim=16)
    CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    write_card(folder, Card(kind="clip"))
    return folder


def llava_of(clip: Path, family: str = "llama", seed: int = 0) -> LlavaForConditionalGeneration:
    """Return a LLaVA of transformers whose tower is that of a CLIP model and whose vocabulary is not yet grown."""
    torch.manual_seed(seed)
    rotary = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6 if family == "mistral" else 1e4}}
    text = {**TEXT, **rotary, "model_type": family, **({"sliding_window": None} if family == "mistral" else {})}
    config = LlavaConfig(text_config=text, vision_config=VISION, vision_feature_layer=-2, image_token_id=7)
    config.tie_word_embeddings = False
    model = LlavaForConditionalGeneration(config)
    model.model.vision_tower.load_state_dict(CLIPModel.from_pretrained(clip).vision_model.state_dict())
    return model.eval()


def original_tensors(model: LlavaForConditionalGeneration) -> Tensors:
    """Return a model's tensors under the names of the original code, written down here by hand."""
    pairs = (
        (r"^model\.language_model\.", "model."),
        (r"^model\.vision_tower\.", "model.vision_tower.vision_tower.vision_model."),
        (r"^model\.multi_modal_projector\.linear_1", "model.mm_projector.0"),
        (r"^model\.multi_modal_projector\.linear_2", "model.mm_projector.2"),
    )
    found = {}
    for name, tensor in model.state_dict().items():
        for pattern, replacement in pairs:
            name = re.sub(pattern, replacement, name)
        found[name] = tensor.clone()
    return found


def original_config(family: str = "llama", **changes: Any) -> dict[str, Any]:
    """Return config.json of an original LLaVA, with the keys that transformers 4.37 writes."""
    rotary = {"rope_theta": 1e6, "sliding_window": None} if family == "mistral" else {"rope_theta": 1e4}
    names = {"llama": "LlavaLlamaForCausalLM", "mistral": "LlavaMistralForCausalLM"}
    kind = {"model_type": f"llava_{family}", "architectures": [names[family]]}
    return {**TEXT, **rotary, **OWN, **MULTIMODAL, **kind, "hidden_act": "silu", "torch_dtype": "float32", **changes}


def make_original(folder: Path, tensors: Tensors, config: dict[str, Any], shards: int = 0) -> Path:
    """Write an original LLaVA: one safetensors file, or so many `.bin` shards with their index."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = train_language_tokenizer(["one two three red green blue"], VOCABULARY, [f"w{n}" for n in range(41)])
    assert len(tokenizer) == VOCABULARY
    tokenizer.save_pretrained(folder)
    if not shards:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return folder
    places: dict[str, str] = {}
    for number in range(shards):
        name = f"pytorch_model-{number + 1:05d}-of-{shards:05d}.bin"
        part = dict(list(tensors.items())[number::shards])
        torch.save(part, folder / name)
        places |= dict.fromkeys(part, name)
    index = {"metadata": {"total_size": 0}, "weight_map": places}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    return folder


def files_in(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by name, as a dataset gives them."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
