"""What a LLaVA's language model reads of images: features of one of the tower's layers, projected.

The layers behind that one are not computed.
"""

import torch
from transformers import LlavaForConditionalGeneration


def projected_features(model: LlavaForConditionalGeneration, pixels: torch.Tensor) -> torch.Tensor:
    """Return the features [images, tokens, width] of pixels [images, 3, height, width], as transformers computes them.

    Source: huggingface/transformers v5.23.0, `models/llava/modeling_llava.py` and `models/clip/modeling_clip.py`.
    """
    config, tower = model.config, model.model.vision_tower
    hidden = tower.pre_layrnorm(tower.embeddings(pixels))
    layers = len(tower.encoder.layers)
    chosen = config.vision_feature_layer  # 0 is the embeddings, -1 the last layer
    for layer in tower.encoder.layers[: chosen if chosen >= 0 else layers + 1 + chosen]:
        hidden = layer(hidden, attention_mask=None)
    patches = hidden[:, 1:] if config.vision_feature_select_strategy == "default" else hidden
    features: torch.Tensor = model.model.multi_modal_projector(patches)
    return features
