"""Pictures of heat on an image: the image, the heat in colours, both overlaid, and the hottest fifth.

Source: wanglihx/LLaVA-OA 8cfac12, `3-clip/gradcam.py`, panels a, b, c and e, with the overlay of grad-cam 1.5.5,
`utils/image.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Heat = NDArray[np.float32]
Pixels = NDArray[np.uint8]

SHARE = 0.5  # of the image in the overlay
PERCENTILE = 80  # heat above it is the hottest fifth
DARK = 0.3  # brightness of the rest


def panels(image: Image.Image, heat: Heat) -> Image.Image:
    """Return four squares side by side; the image is resized to the heat's width and height, as in the original."""
    height, width = heat.shape
    shown = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.uint8)
    pictures = [shown, jet(heat), overlay(shown, heat), hottest(shown, heat)]
    return Image.fromarray(np.concatenate(pictures, axis=1))


def jet(heat: Heat) -> Pixels:
    """Return heat from 0 to 1 as colours from blue over green to red, [height, width, 3]."""
    steps = np.floor(255 * heat) / 255
    channels = [np.clip(1.5 - np.abs(4 * steps - centre), 0, 1) for centre in (3, 2, 1)]
    return _bytes(np.rint(255 * np.stack(channels, axis=-1)))


def overlay(image: Pixels, heat: Heat) -> Pixels:
    """Return half image and half colours, as bright as possible."""
    mixed = SHARE * (image / 255) + (1 - SHARE) * (jet(heat) / 255)
    return _bytes(255 * (mixed / mixed.max()))


def hottest(image: Pixels, heat: Heat) -> Pixels:
    """Return the image, dark but for the hottest fifth of its area."""
    hot = heat > np.percentile(heat, PERCENTILE)
    return _bytes(np.where(hot[..., None], image, image * DARK))


def _bytes(values: Any) -> Pixels:
    pixels: Pixels = values.astype(np.uint8)  # rounded down, as there
    return pixels
