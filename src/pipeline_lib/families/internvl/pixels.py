"""Pixels of an image: squeezed to a square whatever its shape, never padded, cropped or cut into tiles.

Source: OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/train/dataset.py` (`build_transform`), by torchvision there.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of ImageNet


def pixels(image: Image.Image, processor: Any) -> torch.Tensor:
    """Return the normalised pixels [3, height, width] of an RGB image in the size of an image processor."""
    size = processor.size
    squeezed = image.resize((size["width"], size["height"]), Image.Resampling.BICUBIC)
    values = torch.from_numpy(np.array(squeezed)).permute(2, 0, 1).contiguous().float().div(255)
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (processor.image_mean, processor.image_std))
    return (values - mean) / std


def image_processor(side: int) -> GotOcr2ImageProcessorPil:
    """Return the processor of images of `side` pixels, which other programs read from the checkpoint."""
    size = {"height": side, "width": side}
    return GotOcr2ImageProcessorPil(size=size, crop_to_patches=False, image_mean=MEAN, image_std=STD)


def open_processor(folder: Path) -> GotOcr2ImageProcessorPil:
    """Return the image processor of a checkpoint."""
    return GotOcr2ImageProcessorPil.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def side_of(vision: Any) -> int:
    """Return the pixels of an image's side, by the configuration of a tower."""
    size = vision.image_size
    return int(size if isinstance(size, int) else size[0])


def tokens_of_an_image(vision: Any, downsample_ratio: float) -> int:
    """Return how many features an image has after the pixel shuffle."""
    patch = vision.patch_size if isinstance(vision.patch_size, int) else vision.patch_size[0]
    return int(side_of(vision) // patch * downsample_ratio) ** 2
