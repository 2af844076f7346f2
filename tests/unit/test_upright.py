"""Images turned upright by their EXIF tags, as lmms-eval's loader turns them: by whom, and what a server gets."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from pipeline_lib.config.stages import predict
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.pixels import PixelRule, llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.images.upright import UprightReader, image_reader
from pipeline_lib.inference.settings import PredictSettings
from tests.asking import ask, requests
from tests.chat_server import KEY, echo, serving
from tests.unit.test_benchmark_data import load, study


def index(folder: Path, turn: int, rule: PixelRule = "llava", mode: str = "RGB") -> Path:
    """Write a JPEG with an EXIF orientation, and the index of a dataset with it."""
    exif = Image.Exif()
    exif[0x0112] = turn
    (folder / "raw").mkdir()
    Image.effect_noise((20, 10), 50).convert(mode).save(folder / "raw/a.jpg", exif=exif)
    archive = folder / "000.tar"
    how = ConvertSettings(to="keep", pixels=rule)
    rows = convert_shard(folder / "raw", [folder / "raw/a.jpg"], archive, archive, how)
    write_index(folder / "index.parquet", merge([rows], ""))
    return folder / "index.parquet"


def shown(images: ImageReader) -> Image.Image:
    return images.open("a.jpg", images.row("a.jpg").pin)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_every_turn_is_that_of_pillow_and_the_plain_reader_turns_nothing(tmp_path: Path, turn: int, mode: str) -> None:
    path = index(tmp_path, turn, mode=mode)
    file = Image.open(tmp_path / "raw/a.jpg")
    upright, plain = UprightReader([path]), ImageReader([path])
    assert shown(upright).tobytes() == ImageOps.exif_transpose(file).convert("RGB").tobytes()
    assert shown(upright).size == upright.size("a.jpg") == ImageOps.exif_transpose(file).size
    assert shown(plain).tobytes() == llava(file).tobytes() and plain.size("a.jpg") == (20, 10)
    decoded = upright.decoded("a.jpg", upright.row("a.jpg").pin)
    assert (decoded.mode, decoded.size) == (mode, shown(upright).size)


def test_a_dataset_whose_rule_turns_images_turns_them_once(tmp_path: Path) -> None:
    path = index(tmp_path, 6, "clean")
    assert shown(UprightReader([path])).tobytes() == shown(ImageReader([path])).tobytes()
    assert UprightReader([path]).size("a.jpg") == ImageReader([path]).size("a.jpg") == (10, 20)


@pytest.mark.parametrize("upright", [True, False])
def test_a_server_gets_the_pixels_that_a_local_model_is_shown(
    tmp_path: Path, upright: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)
    images = image_reader([index(tmp_path, 6)], upright)
    with serving(echo) as server:
        ask(server, tmp_path / "state", requests(1, ("a.jpg",)), images=images)
        (url,) = [part["image_url"]["url"] for part in server.requests[0]["messages"][0]["content"][:1]]
    sent = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
    assert sent.tobytes() == shown(images).tobytes() and not sent.getexif()
    assert sent.size == ((10, 20) if upright else (20, 10))


def test_the_protocol_decides_and_the_settings_of_others_do_not_mention_it(tmp_path: Path) -> None:
    made = {
        protocol: predict(load(tmp_path, study({"scienceqa": {"protocol": protocol}})), "own", "scienceqa")
        for protocol in ("llava15", "internvl12", "lmms_eval")
    }
    assert [each.upright for each in made.values()] == [False, False, True]
    assert ["upright" in each.canonical() for each in made.values()] == [False, False, True]
    assert all(PredictSettings.model_validate_json(each.canonical()) == each for each in made.values())
