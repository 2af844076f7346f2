"""Pixel rules, which turn a decoded image into RGB: `llava` as the original does, `clean` as viewers show it.

They differ in three things: EXIF orientation, transparency, and more than 8 bits a channel. CMYK is the same in
both, as Pillow converts it: a CMYK JPEG is assumed to have inverted values, as Adobe writes them.
"""

from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from pipeline_lib.images.decode import UnreadableImageError, decoding

PixelRule = Literal["llava", "clean"]
ANY = "any"  # for an image that all rules turn into the same pixels

DEEP = ("I", "F")  # modes of more than 8 bits, beside those that begin with I;16
FULL_RANGE = 65535  # of 16-bit values; Pillow also brings a 16-bit PGM, mode I, into this range
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
OF_EXIF = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")  # where Pillow 13 looks for the orientation
EFFECTS = {
    "llava": ("EXIF turn ignored", "alpha dropped", "clipped to 8 bits"),
    "clean": ("turned upright", "alpha on white", "scaled to 8 bits"),
}


def to_rgb(image: Image.Image, rule: str) -> Image.Image:
    """Return a decoded image as RGB by `llava`, `clean` or `any`; raise UnreadableImageError if its mode cannot."""
    if rule not in (*EFFECTS, ANY):
        raise ValueError(f"no such pixel rule: {rule}")
    with decoding(f"mode {image.mode} cannot become RGB"):
        return clean(image) if rule == "clean" else llava(image)


def llava(image: Image.Image) -> Image.Image:
    """Return `convert("RGB")`: alpha is dropped, 16 bits are clipped at 255, the EXIF orientation is ignored.

    Source: haotian-liu/LLaVA c121f04, `llava/train/train.py` and `llava/eval/model_vqa_loader.py`.
    """
    rgb = image.convert("RGB")
    rgb.info.pop("transparency", None)  # Pillow keeps this key, for which transformers 5 would put the image on white
    return rgb


def padded_first(image: Image.Image, colour: tuple[int, ...]) -> Image.Image:
    """Return an image padded to a square before it becomes RGB; `colour` is used in the image's own mode.

    Modes of one or two channels raise UnreadableImageError if padding is needed: the original fails there.
    Source: haotian-liu/LLaVA c121f04, `llava/eval/model_vqa_science.py` and `expand2square` of `llava/mm_utils.py`.
    """
    side = max(image.size)
    with decoding(f"mode {image.mode} cannot be padded in a colour of three channels"):
        if image.width != image.height:
            canvas = Image.new(image.mode, (side, side), colour)
            canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
            image = canvas
        return llava(image)


def clean(image: Image.Image) -> Image.Image:
    """Return the image turned by its EXIF orientation, more than 8 bits scaled to 8, transparency put on white.

    Values of 16 bits are scaled from 0…65535. Modes I and F have no fixed range: integers within 0…65535 are scaled
    from it, other values from the image's smallest to its largest; NaN becomes black.
    """
    turn = TURNS.get(orientation(image))
    upright = image.transpose(turn) if turn is not None else image
    if is_deep(image):
        return _eight_bits(upright).convert("RGB")
    return _on_white(upright) if image.has_transparency_data else llava(upright)


def effects(image: Image.Image, rule: PixelRule) -> list[str]:
    """Return the effects of `rule` on an image in which the rules differ; empty if all rules agree."""
    deep = is_deep(image)
    marks = (orientation(image) in TURNS, image.has_transparency_data and not deep, deep)
    return [effect for effect, marked in zip(EFFECTS[rule], marks, strict=True) if marked]


class Pixels:
    """The RGB pixels of a decoded image by a rule, converted when they are needed, in part where a part suffices."""

    def __init__(self, image: Image.Image, rule: PixelRule) -> None:
        self._image = image
        self._rule = rule
        turned = rule == "clean" and orientation(image) in TURNS
        transparent = "transparency" in image.info
        self._is_copy = image.mode == "RGB" and not transparent and not turned
        self._by_pixel = self._is_copy or (image.mode in ("CMYK", "L") and not transparent and not turned)
        self.size = self.whole.size if turned or not self._by_pixel else image.size

    @cached_property
    def whole(self) -> Image.Image:
        """The whole image; UnreadableImageError if its mode cannot become RGB."""
        return self._image if self._is_copy else to_rgb(self._image, self._rule)

    def part(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return a part: left, upper, right and lower bound."""
        return to_rgb(self._image.crop(box), self._rule) if self._by_pixel else self.whole.crop(box)


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1…8; an absent, unreadable or invalid tag counts as 1, upright."""
    if not (hasattr(image, "tag_v2") or any(key in image.info for key in OF_EXIF)):
        return 1  # many times faster than `getexif`
    try:
        with decoding("EXIF"):
            value = image.getexif().get(ExifTags.Base.Orientation)
    except UnreadableImageError:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def is_deep(image: Image.Image) -> bool:
    """Return whether an image has more than 8 bits a channel."""
    return image.mode in DEEP or image.mode.startswith("I;16")


def _on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(layer, mask=layer)
    return canvas


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a deep image in mode L, row by row, so that memory stays small."""
    values = np.asarray(image if image.mode == "F" else image.convert("I"))
    low, high = (0.0, float(FULL_RANGE)) if image.mode.startswith("I;16") else _range(values)
    scaled = np.empty(values.shape, dtype=np.uint8)
    for row, target in zip(values, scaled, strict=True):
        numbers = np.nan_to_num(row.astype(np.float64), nan=low, posinf=high, neginf=low)
        target[:] = np.rint((numbers - low) * (255.0 / (high - low or 1.0)))
    return Image.fromarray(scaled)


def _range(values: NDArray[np.generic]) -> tuple[float, float]:
    """Return the values that become 0 and 255, for modes without a fixed range."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    whole = np.issubdtype(values.dtype, np.integer)
    return (0.0, float(FULL_RANGE)) if whole and low >= 0 and high <= FULL_RANGE else (low, high)
