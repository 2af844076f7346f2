"""Images: what is kept, converted, quarantined; the index; reading by path."""

import io
from pathlib import Path

import pytest
from PIL import Image

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.convert import ConvertSettings, convert_image, convert_shard
from pipeline_lib.images.index import IndexRow, health, merge, quarantine, read_index, write_index
from pipeline_lib.images.reader import ImageReader

TO_JPEG, KEEP = ConvertSettings(to="jpeg"), ConvertSettings(to="keep")


def encoded(image_format: str, mode: str = "RGB", size: tuple[int, int] = (8, 6)) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(buffer, image_format)
    return buffer.getvalue()


def animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (8, 6), color) for color in ("red", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "suffix", "status", "reason"),
    [
        (encoded("JPEG"), ".jpg", "kept", "JPEG"),
        (encoded("JPEG"), ".jpeg", "kept", "JPEG"),
        (encoded("JPEG"), ".png", "kept", "JPEG, named .png"),
        (encoded("PNG"), ".png", "converted", "PNG RGB"),
        (encoded("PNG", "RGBA"), ".png", "converted", "PNG RGBA"),
        (encoded("GIF", "P"), ".jpg", "converted", "GIF P, named .jpg"),
        (encoded("WEBP"), ".webp", "converted", "WEBP RGB"),
        (encoded("TIFF", "CMYK"), ".tif", "converted", "TIFF CMYK"),
        (animated(), ".gif", "converted", "GIF P, first of 2 frames"),
        (encoded("JPEG")[:200], ".jpg", "quarantined", "OSError"),
        (encoded("PNG")[:60], ".png", "quarantined", ""),
        (b"", ".jpg", "quarantined", "empty file"),
        (b"<html>not found</html>", ".jpg", "quarantined", "cannot identify image file"),
    ],
)
def test_what_becomes_of_a_training_image(data: bytes, suffix: str, status: str, reason: str) -> None:
    done = convert_image(data, suffix, TO_JPEG)
    assert done.status == status and reason in done.reason, done.reason
    if status == "converted":
        assert done.data is not None and Image.open(io.BytesIO(done.data)).format == "JPEG"
    else:
        assert done.data is None


def test_a_benchmark_image_is_never_encoded_again() -> None:
    for image_format, mode in (("PNG", "RGBA"), ("GIF", "P"), ("JPEG", "RGB")):
        assert convert_image(encoded(image_format, mode), f".{image_format.lower()}", KEEP).data is None


def test_the_same_image_converts_to_the_same_bytes() -> None:
    data = encoded("PNG", "P")
    assert convert_image(data, ".png", TO_JPEG) == convert_image(data, ".png", TO_JPEG)


@pytest.fixture()
def dataset(tmp_path: Path) -> Path:
    """Return the index of a folder with one image of each kind."""
    raw = tmp_path / "raw"
    (raw / "deep").mkdir(parents=True)
    contents = {
        "deep/a.jpg": encoded("JPEG"),
        "b.png": encoded("PNG", "LA"),
        "c.jpg": encoded("GIF", "P"),
        "d.jpg": b"broken",
    }
    for name, data in contents.items():
        (raw / name).write_bytes(data)
    (raw / "notes.txt").write_text("no image")
    files = [path for path in raw.rglob("*") if path.is_file()]
    rows = convert_shard(raw, files, tmp_path / "000.tar", tmp_path / "000.tar", TO_JPEG)
    write_index(tmp_path / "index.parquet", merge([rows], "set/"))
    return tmp_path / "index.parquet"


def test_images_are_read_by_path_wherever_they_lie(dataset: Path) -> None:
    reader = ImageReader([dataset])
    for name in ("set/deep/a.jpg", "set/b.png", "set/c.jpg"):
        assert name in reader
        image = reader.open(name, reader.row(name).sha256)
        assert (image.mode, image.size) == ("RGB", (8, 6))
    assert reader.row("set/deep/a.jpg").container.endswith("raw")
    assert reader.row("set/b.png").container.endswith("000.tar")


def test_a_quarantined_image_cannot_be_read(dataset: Path) -> None:
    reader = ImageReader([dataset])
    assert "set/d.jpg" not in reader and "set/e.jpg" not in reader
    with pytest.raises(PipelineError, match=r"quarantined: (.|\n)*set/d\.jpg"):
        reader.row("set/d.jpg")
    with pytest.raises(PipelineError, match="no dataset holds this image"):
        reader.row("set/e.jpg")


def test_health_counts_every_image(dataset: Path) -> None:
    rows = read_index(dataset)
    assert sum(health(rows).values()) == 4
    (broken,) = quarantine(rows)
    assert broken["path"] == "set/d.jpg" and broken["reason"] and len(broken["sha256"]) == 64


def test_an_altered_image_is_refused(dataset: Path) -> None:
    reader = ImageReader([dataset])
    row = reader.row("set/deep/a.jpg")
    Path(row.container, row.member).write_bytes(encoded("JPEG", size=(9, 9)))
    with pytest.raises(PipelineError, match="not the one that the table was made from"):
        reader.open("set/deep/a.jpg", row.sha256)


def test_a_path_that_two_datasets_hold_is_refused(dataset: Path) -> None:
    with pytest.raises(PipelineError, match="two datasets hold an image with the same path"):
        ImageReader([dataset, dataset])


def test_an_index_comes_back_as_it_was(dataset: Path, tmp_path: Path) -> None:
    rows: list[IndexRow] = read_index(dataset)
    write_index(tmp_path / "again.parquet", rows)
    assert (tmp_path / "again.parquet").read_bytes() == dataset.read_bytes()
