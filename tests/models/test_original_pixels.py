"""Pixel tensors of images of every mode, held against those that the original code gave."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from pipeline_lib.families.llava.model import image_processor
from pipeline_lib.images.decode import UnreadableImageError, open_image
from pipeline_lib.images.pixels import padded_first, to_rgb
from pipeline_lib.models.card import Card
from tests.numbers import distance

SHAPES = {"pad": "pad", "default": "square"}  # the original's routes, and our name for each

# The original takes an image for one that holds its channels first where its height is 3, or 1 and then fails.
MISREAD = {("rgb_3x3.png", "pad"), ("rgb_3x3.png", "default"), ("rgb_h3.png", "default")}
FAILING = {("rgb_1x1.png", "pad"), ("rgb_1x1.png", "default"), ("rgb_h1.png", "default")}

# Its script for ScienceQA does not convert to RGB before it pads: it stops, or pads in another colour.
STOPPED = {"bilevel_wide.png", "grey16_wide.png", "grey_alpha_wide.png", "grey_tall.png"}
GREY = (122, 116, 104)  # CLIP's mean
PADDED_IN_ANOTHER_COLOUR = {"cmyk_wide.jpg", "palette_transparent_tall.png", "palette_wide.gif"}


@pytest.fixture(scope="module")
def told(golden: Path) -> dict[str, Any]:
    images: dict[str, Any] = json.loads((golden / "preprocess" / "meta.json").read_text())["images"]
    assert len(images) == 23
    return images


@pytest.fixture(scope="module")
def pixels(golden: Path) -> dict[str, torch.Tensor]:
    return load_file(golden / "preprocess" / "pixels.safetensors")


def ours(image: Image.Image, route: str, golden: Path) -> torch.Tensor:
    processor = image_processor(golden / "models" / "clip-tiny", Card(kind="vlm", image_shape=SHAPES[route]))
    tensor: torch.Tensor = processor(image, return_tensors="pt")["pixel_values"][0]
    return tensor


def sampled(found: Any, recorded: torch.Tensor) -> Any:
    """Return the pixels that a recording has: all of them, or every n-th of every n-th line in the sample."""
    step = found.shape[-1] // recorded.shape[-1]
    return found[:, step // 2 :: step, step // 2 :: step]


def far(found: Any, recorded: torch.Tensor) -> bool:
    return distance(sampled(found, recorded), recorded, scale=float(abs(found).max())) > 1e-6


def opened(golden: Path, name: str) -> Image.Image:
    return to_rgb(open_image((golden / "images" / "modes" / name).read_bytes()), "llava")


@pytest.mark.parametrize("route", SHAPES)
def test_pixels_of_every_mode_are_the_originals(
    route: str, told: dict[str, Any], pixels: dict[str, torch.Tensor], golden: Path
) -> None:
    failing, misread = set(), set()
    for name, facts in told.items():
        found = ours(opened(golden, name), route, golden)
        assert (found.shape, bool(found.isfinite().all())) == ((3, 56, 56), True)
        if not facts[f"{route}_loader"]["ok"]:
            failing.add((name, route))
        elif far(found, pixels[f"{name}|{route}|loader"]):
            misread.add((name, route))
    assert failing == {case for case in FAILING if case[1] == route}
    assert misread == {case for case in MISREAD if case[1] == route}


def by_hand(image: Image.Image, route: str) -> np.ndarray:
    """Return the pixels by the original's arithmetic, with Pillow alone: padded, resized, cropped, normalised."""
    mean, deviation = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])
    if route == "pad":
        side = max(image.size)
        canvas = Image.new("RGB", (side, side), (122, 116, 104))
        canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = canvas
    sides = [56 * length // min(image.size) for length in image.size]
    left, top = (side // 2 - 28 for side in sides)
    seen = image.resize(sides, Image.Resampling.BICUBIC).crop((left, top, left + 56, top + 56))
    return ((np.asarray(seen) / 255 - mean) / deviation).transpose(2, 0, 1)


@pytest.mark.parametrize("route", SHAPES)
def test_where_the_original_is_wrong_ours_is_right(
    route: str, told: dict[str, Any], pixels: dict[str, torch.Tensor], golden: Path
) -> None:
    for name in told:
        right = by_hand(opened(golden, name), route)
        assert distance(ours(opened(golden, name), route, golden), right) <= 1e-6, name
        if (name, route) not in MISREAD | FAILING:
            assert not far(right, pixels[f"{name}|{route}|loader"]), name


def test_training_shows_what_the_loader_shows(told: dict[str, Any]) -> None:
    for facts in told.values():
        for route, training in (("pad_loader", "train_pad"), ("default_loader", "train_square")):
            assert facts[training]["ok"] == facts[route]["ok"]
            assert facts[training].get("bitwise_same_as_loader", True)


def test_padded_before_they_are_rgb_images_are_those_of_the_script_for_scienceqa(
    told: dict[str, Any], pixels: dict[str, torch.Tensor], golden: Path
) -> None:
    stopped = {name for name, facts in told.items() if facts["pad_loader"]["ok"] and not facts["pad_science"]["ok"]}
    assert stopped == STOPPED
    assert {key.split("|")[0] for key in pixels if key.endswith("|science")} == PADDED_IN_ANOTHER_COLOUR
    for name in told:
        image = open_image((golden / "images" / "modes" / name).read_bytes())
        if name in STOPPED:
            with pytest.raises(UnreadableImageError, match="cannot be padded"):
                padded_first(image, GREY)
        elif (name, "pad") not in MISREAD | FAILING:
            found, key = ours(padded_first(image, GREY), "pad", golden), f"{name}|pad|science"
            assert not far(found, pixels.get(key, pixels[f"{name}|pad|loader"])), name
    for name in PADDED_IN_ANOTHER_COLOUR:
        recorded = pixels[f"{name}|pad|science"]
        differing = sampled(ours(opened(golden, name), "pad", golden), recorded) != recorded
        side = np.asarray(differing.any(dim=0))
        assert side.any() and not side.all()  # the bars beside the image, and a pixel that the resize mixes with them
    for name, facts in told.items():
        assert facts["default_science"].get("bitwise_same_as_loader", not facts["default_science"]["ok"]), name
