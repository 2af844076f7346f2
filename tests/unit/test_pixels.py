"""Pixel rules: as the original, or as a person would see it."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageOps

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.images.decode import UnreadableImageError, open_image, seen
from pipeline_lib.images.pixels import clean, effects, llava, orientation, to_rgb
from tests.mess import READABLE, encoded, picture


def values(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_the_pixels_of_every_mode_are_those_of_the_original(golden: Path) -> None:
    images = json.loads((golden / "preprocess" / "meta.json").read_text())["images"]
    assert len(images) == 23
    for name, told in images.items():
        image = open_image((golden / "images" / "modes" / name).read_bytes())
        assert (image.mode, list(image.size)) == (told["mode"], told["size"]), name
        assert digest_bytes(to_rgb(image, "llava").tobytes()) == told["rgb_sha256"], name


@pytest.mark.parametrize("mode", Image.MODES)
@pytest.mark.parametrize("rule", ["llava", "clean"])
def test_every_mode_of_pillow_becomes_rgb_or_says_why_not(mode: str, rule: str) -> None:
    image = Image.new(mode, (5, 3))
    try:
        assert (to_rgb(image, rule).mode, to_rgb(image, rule).size) == ("RGB", (5, 3))
    except UnreadableImageError as error:
        assert f"mode {mode} cannot become RGB" in str(error) and mode == "La"  # no file format holds it


@pytest.mark.parametrize("name", READABLE)
def test_rules_differ_only_where_they_say_so(name: str) -> None:
    image = open_image(READABLE[name])
    one, other = to_rgb(image, "llava"), to_rgb(image, "clean")
    differ = (one.size, one.tobytes()) != (other.size, other.tobytes())
    assert bool(effects(image, "llava")) == bool(effects(image, "clean")) == differ


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("file", [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "I;16"), ("PNG", "P"), ("WEBP", "RGB")])
def test_an_exif_turn_is_applied_or_ignored(file: tuple[str, str], turn: int) -> None:
    image = open_image(encoded(*file, turn=turn))
    assert llava(image).size == image.size
    assert np.array_equal(values(clean(image)), values(clean(ImageOps.exif_transpose(image))))
    assert orientation(image) == turn


def test_a_tiff_that_pillow_turned_is_not_turned_again() -> None:
    image = open_image(encoded("TIFF", turn=6))
    assert image.size == picture().size[::-1] == clean(image).size and orientation(image) == 1


@given(st.binary(max_size=60))
@settings(max_examples=50)
def test_exif_that_cannot_be_read_turns_nothing(exif: bytes) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG", exif=b"Exif\0\0" + exif)
    assert clean(open_image(buffer.getvalue())).size == picture().size


def test_transparency_shows_white() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 128))
    for mode, shown in (("RGBA", (255, 127, 127)), ("LA", (166, 166, 166))):
        covered = image.convert(mode)
        assert clean(covered).getpixel((0, 0)) == (255, 255, 255)
        assert np.abs(values(clean(covered))[0, 1] - shown).max() <= 1  # of 255 levels
    assert llava(image).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("name", ["palette_transparent.png", "colour_key.png", "alpha.webp", "turned_alpha.png"])
def test_transparency_of_every_kind_is_laid_on_white(name: str) -> None:
    image = open_image(READABLE[name])
    rgba = ImageOps.exif_transpose(image).convert("RGBA")
    expected = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    assert np.abs(values(clean(image)) - values(expected)).max() <= 1


@given(arrays.arrays(np.uint16, st.tuples(st.integers(1, 5), st.integers(1, 5))))
@settings(max_examples=60)
def test_sixteen_bits_are_scaled_by_their_full_range_or_clipped(deep: np.ndarray) -> None:
    for image in (Image.fromarray(deep), Image.fromarray(deep.astype(np.int32)), _big_endian(deep)):
        assert np.array_equal(values(clean(image))[..., 0], np.rint(deep / 257))
        assert np.array_equal(values(llava(image))[..., 0], np.minimum(deep, 255))


def _big_endian(deep: np.ndarray) -> Image.Image:
    return Image.frombytes("I;16B", deep.shape[::-1], deep.astype(">u2").tobytes())


@given(arrays.arrays(np.float32, (3, 4), elements=st.floats(width=32)))
@settings(max_examples=100)
def test_floats_are_scaled_from_their_smallest_value_to_their_largest(deep: np.ndarray) -> None:
    shown = values(clean(Image.fromarray(deep)))[..., 0]
    finite = np.isfinite(deep)
    order = np.argsort(deep[finite])
    assert (np.diff(shown[finite][order]) >= 0).all()
    if finite.any() and deep[finite].min() < deep[finite].max():
        assert (shown[finite].min(), shown[finite].max()) == (0, 255)
    assert (shown[np.isnan(deep)] == 0).all()


def test_integers_beyond_sixteen_bits_are_scaled_by_what_is_there() -> None:
    image = Image.fromarray(np.array([[-100, 0, 100_000]], dtype=np.int32))
    assert values(clean(image))[0, :, 0].tolist() == [0, 0, 255]


def test_a_cmyk_jpeg_is_what_was_drawn() -> None:
    """Pillow writes inverted values, as Adobe does, and takes all CMYK JPEGs to hold such."""
    for rule in ("llava", "clean"):
        shown = to_rgb(open_image(encoded("JPEG", "CMYK", quality=100)), rule)
        assert np.abs(values(shown) - values(picture())).mean() / 255 < 0.0156


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such pixel rule: sepia"):
        to_rgb(picture(), "sepia")


def frames(data: bytes) -> int:
    return seen(open_image(data), data).frames


def test_frames_behind_a_damaged_one_do_not_count() -> None:
    data = READABLE["animated.gif"]
    counted = {frames(data[:cut]) for cut in range(len(data) - 40, len(data))}
    assert counted <= {1, 2} and frames(data) == 2


@pytest.mark.parametrize("rule", ["llava", "clean"])
def test_no_mark_of_transparency_is_left_on_an_rgb_image(rule: str) -> None:
    buffer = io.BytesIO()
    Image.new("P", (4, 4)).save(buffer, "PNG", transparency=0)
    image = open_image(buffer.getvalue())
    assert image.has_transparency_data and not to_rgb(image, rule).has_transparency_data
    coloured = Image.new("RGB", (4, 4))
    coloured.info["transparency"] = (0, 0, 0)
    assert not to_rgb(coloured, rule).has_transparency_data and coloured.has_transparency_data
