"""Images: what is kept, converted, quarantined; the index; reading by path."""

import base64
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.convert import ConvertSettings, convert_image
from pipeline_lib.images.decode import UnreadableImageError, open_image
from pipeline_lib.images.index import IndexRow, doubtful, health, merge, quarantine, read_index, write_index
from pipeline_lib.images.pixels import to_rgb
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.machine import pool
from tests.mess import READABLE, UNREADABLE, animated, encoded, picture

TO_JPEG, KEEP = ConvertSettings(to="jpeg"), ConvertSettings(to="keep")
CLEAN_JPEG, CLEAN_KEEP = ConvertSettings(to="jpeg", pixels="clean"), ConvertSettings(to="keep", pixels="clean")
EVERY_WAY = (TO_JPEG, KEEP, CLEAN_JPEG, CLEAN_KEEP)


def drawn(mode: str, values: np.ndarray, image_format: str = "PNG") -> bytes:
    """Return a file of an image with these values."""
    buffer = io.BytesIO()
    kind = {"F": np.float32, "I": np.int32}.get(mode, np.uint8)
    Image.fromarray(values.astype(kind), mode).save(buffer, image_format)
    return buffer.getvalue()


FILES = {**READABLE, **{name: data for name, (data, _) in UNREADABLE.items()}}


@pytest.mark.parametrize(
    ("data", "suffix", "settings", "status", "reason"),
    [
        (encoded("JPEG"), ".jpg", TO_JPEG, "kept", "JPEG"),
        (encoded("JPEG"), ".png", TO_JPEG, "kept", "JPEG, named .png"),
        (encoded("JPEG"), "", TO_JPEG, "kept", "JPEG, without a suffix"),
        (encoded("JPEG"), None, TO_JPEG, "kept", "JPEG"),
        (encoded("JPEG", turn=6), ".jpg", TO_JPEG, "kept", "JPEG, EXIF turn ignored"),
        (encoded("JPEG", turn=6), ".jpg", CLEAN_JPEG, "converted", "JPEG RGB, turned upright"),
        (encoded("JPEG", turn=6), ".jpg", CLEAN_KEEP, "kept", "JPEG, turned upright"),
        (encoded("JPEG", turn=1), ".jpg", CLEAN_JPEG, "kept", "JPEG"),
        (animated("MPO"), ".jpg", TO_JPEG, "kept", "MPO, several frames (the first of 2)"),
        (encoded("PNG"), ".png", TO_JPEG, "converted", "PNG RGB"),
        (encoded("PNG", "RGBA"), ".png", TO_JPEG, "converted", "PNG RGBA, alpha dropped"),
        (encoded("PNG", "RGBA"), ".png", CLEAN_JPEG, "converted", "PNG RGBA, alpha on white"),
        (encoded("PNG", "RGBA"), ".png", KEEP, "kept", "PNG, alpha dropped"),
        (encoded("PNG", "I;16"), ".png", TO_JPEG, "converted", "PNG I;16, clipped to 8 bits, mostly white"),
        (encoded("PNG", "I;16"), ".png", CLEAN_JPEG, "converted", "PNG I;16, scaled to 8 bits"),
        (encoded("GIF", "P"), ".jpg", TO_JPEG, "converted", "GIF P, named .jpg"),
        (encoded("TIFF", "CMYK"), ".tif", TO_JPEG, "converted", "TIFF CMYK"),
        (animated(), ".gif", TO_JPEG, "converted", "GIF P, several frames (the first of 2)"),
    ],
)
def test_what_becomes_of_an_image(
    data: bytes, suffix: str | None, settings: ConvertSettings, status: str, reason: str
) -> None:
    done = convert_image(data, suffix, settings)
    assert (done.status, done.reason) == (status, reason)
    if status == "converted":
        assert done.data is not None and Image.open(io.BytesIO(done.data)).format == "JPEG"
    else:
        assert done.data is None


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_quarantined_with_a_reason(name: str) -> None:
    data, reason = UNREADABLE[name]
    for way in EVERY_WAY:
        done = convert_image(data, Path(name).suffix, way)
        assert (done.status, done.data) == ("quarantined", None)
        assert done.reason.startswith(reason) and "0x" not in done.reason  # an address would differ between two makings


def test_a_picture_too_long_for_a_jpeg_says_so() -> None:
    buffer = io.BytesIO()
    Image.new("L", (70_000, 2)).save(buffer, "PNG")
    assert convert_image(buffer.getvalue(), ".png", KEEP).status == "kept"
    reason = convert_image(buffer.getvalue(), ".png", TO_JPEG).reason
    assert reason == "too long for a JPEG (70000 x 2 pixels; at most 65,500 a side)"


@given(
    st.sampled_from(sorted(READABLE.values())),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=8),
    st.integers(0, 400),
)
@settings(max_examples=300)
def test_damaged_bytes_never_stop_a_shard(data: bytes, edits: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(data[: max(1, len(data) - cut)])
    for place, value in edits:
        damaged[place % len(damaged)] = value
    for way in EVERY_WAY:
        done = convert_image(bytes(damaged), ".jpg", way)
        assert done == convert_image(bytes(damaged), ".jpg", way)
        assert done.reason and (done.size > (0, 0)) == (done.status != "quarantined")


def write_raw(raw: Path, files: dict[str, bytes]) -> list[Path]:
    for name, data in files.items():
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_bytes(data)
    return [path for path in raw.rglob("*") if path.is_file()]


def convert_files(folder: Path, way: ConvertSettings, files: dict[str, bytes] = FILES) -> Path:
    """Return the index of a folder with these files."""
    paths = write_raw(folder / "raw", files)
    rows = convert_shard(folder / "raw", paths, folder / "000.tar", folder / "000.tar", way)
    write_index(folder / "index.parquet", merge([rows], "set/"))
    return folder / "index.parquet"


@pytest.mark.parametrize("way", EVERY_WAY, ids=lambda way: f"{way.to}-{way.pixels}")
def test_what_is_read_is_the_original_by_the_rule(way: ConvertSettings, tmp_path: Path) -> None:
    reader = ImageReader([convert_files(tmp_path, way)])
    for name, data in READABLE.items():
        row, expected = reader.row(f"set/{name}"), to_rgb(open_image(data), way.pixels)
        shown = reader.open(f"set/{name}", row.pin)
        assert (shown.mode, shown.size) == ("RGB", expected.size) == ("RGB", (row.width, row.height)), name
        if row.status == "kept":
            assert shown.tobytes() == expected.tobytes(), name
            assert Path(row.container, row.member).read_bytes() == data and row.sha256 == row.source_sha256
        else:
            assert way.to == "jpeg"
            assert np.abs(np.asarray(shown).astype(int) - np.asarray(expected)).mean() / 255 < 0.0235, name  # JPEG
            assert not Image.open(io.BytesIO(reader.read(f"set/{name}", row.pin))).getexif()
    assert not any(f"set/{name}" in reader for name in UNREADABLE)


def test_a_shard_converted_twice_is_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        files = write_raw(tmp_path / "raw", FILES)
        rows = convert_shard(tmp_path / "raw", files, tmp_path / f"{name}.tar", tmp_path / "000.tar", CLEAN_JPEG)
        write_index(tmp_path / f"{name}.parquet", rows)
        digests.append((digest_file(tmp_path / f"{name}.tar"), digest_file(tmp_path / f"{name}.parquet")))
    assert digests[0] == digests[1]


def test_several_processes_write_the_bytes_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WORTH_A_PROCESS", 10)
    shown = {f"{number}/{name}": data for number in range(4) for name, data in FILES.items()}
    files = write_raw(tmp_path / "raw", {**shown, "t.tsv": b"index\timage\n1\t" + base64.b64encode(encoded("PNG"))})
    results = []
    for count in (1, 3):
        tar, index = tmp_path / f"{count}.tar", tmp_path / f"{count}.parquet"
        write_index(index, convert_shard(tmp_path / "raw", files, tar, Path("000.tar"), CLEAN_JPEG, count))
        results.append((digest_file(tar), digest_file(index)))
    assert results[0] == results[1]


def test_an_image_is_known_by_its_first_bytes_where_its_name_says_nothing(tmp_path: Path) -> None:
    others = {"notes.txt": b"no image", "mix.json": b"[]", "sound.wav": b"RIFF\0\0\0\0WAVE", "nothing": b""}
    known = {"photo": encoded("JPEG"), "p.dat": encoded("WEBP"), "q.png_large": encoded("PNG")}
    rows = read_index(convert_files(tmp_path, KEEP, {**others, **known}))
    assert {row.path.removeprefix("set/") for row in rows if row.status == "kept"} == set(known)
    assert {row.path.removeprefix("set/") for row in rows if "not an image" in row.reason} == set(others)


def test_every_file_has_one_row_whatever_it_is(tmp_path: Path) -> None:
    strange = {".DS_Store": b"x", ".hidden.jpg": encoded("JPEG"), "Thumbs.db": b"x", "empty.jpg": b"", "a.tsv": b"\0"}
    files = {**FILES, **strange}
    rows = read_index(convert_files(tmp_path, TO_JPEG, files))
    counts = Counter(row.status for row in rows)
    assert sorted(row.path.removeprefix("set/") for row in rows) == sorted(files)
    assert set(counts) == {"kept", "converted", "quarantined", "ignored"}
    assert sum(counts.values()) == len(files) == sum(health(rows).values())
    assert counts["quarantined"] + counts["ignored"] == len(quarantine(rows))
    assert [row.path for row in rows if not row.reason] == []


def test_a_file_that_cannot_be_read_is_quarantined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_raw(tmp_path, {"a.jpg": encoded("JPEG"), "b.jpg": encoded("JPEG")})
    read = Path.read_bytes

    def broken(path: Path) -> bytes:
        if path.name == "a.jpg":
            raise OSError(5, "Input/output error")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", broken)
    rows = convert_shard(tmp_path, sorted(tmp_path.iterdir()), tmp_path / "0.tar", tmp_path / "0.tar", KEEP)
    assert [(row.status, row.reason) for row in rows] == [
        ("quarantined", "cannot be read (Input/output error)"), ("kept", "JPEG"),
    ]  # fmt: skip


def deep(highest: int) -> bytes:
    """Return a PNG of 16 bits whose values reach from 0 to `highest`."""
    buffer = io.BytesIO()
    Image.fromarray(np.linspace(0, highest, 256)[None].repeat(4, 0).astype(np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()


def deep_with_a_mark(highest: int) -> bytes:
    """Return a PNG of 16 bits whose values reach from 0 to `highest`, but for one pixel of the largest value."""
    values = np.linspace(0, highest, 256)[None].repeat(4, 0).astype(np.uint16)
    values[0, 0] = 65535
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "way", "doubt"),
    [
        (deep(4095), CLEAN_JPEG, "uses 12 of 16 bits, nearly black"),
        (deep(4095), TO_JPEG, "uses 12 of 16 bits, mostly white"),
        (deep(511), CLEAN_JPEG, "uses 9 of 16 bits, nearly black"),
        (deep(16383), CLEAN_JPEG, "uses 14 of 16 bits"),
        (deep(65535), CLEAN_JPEG, ""),
        (drawn("L", np.eye(8, dtype=np.uint8)), KEEP, "nearly black"),
        (drawn("L", np.full((8, 8), 255)), KEEP, "all white"),
        (drawn("L", np.full((8, 8), 7)), TO_JPEG, "one tone"),
        (drawn("F", np.linspace(0, 1, 64).reshape(8, 8), "TIFF"), TO_JPEG, "nearly black"),
        (drawn("F", np.linspace(0, 1, 64).reshape(8, 8), "TIFF"), CLEAN_JPEG, ""),
        (drawn("I", np.linspace(-2000, 2000, 64).reshape(8, 8), "TIFF"), TO_JPEG, "mostly clipped"),
        (drawn("I", np.linspace(-2000, 2000, 64).reshape(8, 8), "TIFF"), CLEAN_JPEG, ""),
        (drawn("I", np.linspace(-40, 200, 64).reshape(8, 8), "TIFF"), TO_JPEG, ""),
        (deep_with_a_mark(4095), CLEAN_JPEG, "nearly black but for a few pixels"),
        (deep_with_a_mark(32767), CLEAN_JPEG, ""),
        (drawn("L", np.eye(256, dtype=np.uint8) * 255), KEEP, ""),
        (drawn("RGBA", np.zeros((8, 8, 4))), CLEAN_JPEG, "fully transparent, all white"),
        (drawn("RGBA", np.zeros((8, 8, 4))), TO_JPEG, "fully transparent, all black"),
    ],
)
def test_a_picture_that_shows_nothing_is_doubtful(data: bytes, way: ConvertSettings, doubt: str) -> None:
    done = convert_image(data, None, way)
    assert (done.doubt, done.status) == (doubt, "kept" if way.to == "keep" else "converted")
    assert doubt in done.reason


def test_doubtful_pictures_are_listed_and_counted(tmp_path: Path) -> None:
    rows = read_index(convert_files(tmp_path, TO_JPEG, {"black.png": drawn("L", np.zeros((4, 4))), **READABLE}))
    assert {"path": "set/black.png", "status": "converted", "doubt": "all black"} in doubtful(rows)
    assert health(rows)["converted: PNG L, all black"] == 1


def test_a_file_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.tif").open("wb") as file:
        file.truncate(500_000_001)  # sparse
    (row,) = convert_shard(tmp_path, [tmp_path / "a.tif"], tmp_path / "0.tar", tmp_path / "0.tar", KEEP)
    assert (row.status, row.reason) == ("quarantined", "enormous (500,000,001 bytes; at most 500,000,000 are read)")


def test_another_rule_makes_another_image_of_the_same_bytes(tmp_path: Path) -> None:
    """A table pins what a model sees, so a training on images of another rule is stale."""
    files = {"plain.png": encoded("PNG"), "alpha.png": encoded("PNG", "RGBA")}
    (tmp_path / "llava").mkdir()
    (tmp_path / "clean").mkdir()
    one, other = (ImageReader([convert_files(tmp_path / way.pixels, way, files)]) for way in (KEEP, CLEAN_KEEP))
    assert one.row("set/plain.png").pin == other.row("set/plain.png").pin
    pinned = one.row("set/alpha.png").pin
    assert pinned != other.row("set/alpha.png").pin
    with pytest.raises(PipelineError, match="not the one that the table was made from"):
        other.open("set/alpha.png", pinned)


def test_settings_may_be_one_word() -> None:
    assert ConvertSettings.model_validate("jpeg") == TO_JPEG and ConvertSettings.model_validate("keep") == KEEP
    with pytest.raises(ValidationError, match="'jpeg' or 'keep'"):
        ConvertSettings.model_validate("png")


@pytest.fixture()
def dataset(tmp_path: Path) -> Path:
    """Return the index of a folder with one image of each kind."""
    files = {
        "deep/a.jpg": encoded("JPEG"),
        "b.png": encoded("PNG", "LA"),
        "c.jpg": encoded("GIF", "P"),
        "d.jpg": b"broken",
        "notes.txt": b"no image",
    }
    return convert_files(tmp_path, TO_JPEG, files)


def test_images_are_read_by_path_wherever_they_lie(dataset: Path) -> None:
    reader = ImageReader([dataset])
    for name in ("set/deep/a.jpg", "set/b.png", "set/c.jpg"):
        assert name in reader
        image = reader.open(name, reader.row(name).pin)
        assert (image.mode, image.size) == ("RGB", picture().size)
    assert reader.row("set/deep/a.jpg").container.endswith("raw")
    assert reader.row("set/b.png").container.endswith("000.tar")


def test_a_quarantined_image_cannot_be_read(dataset: Path) -> None:
    reader = ImageReader([dataset])
    assert "set/d.jpg" not in reader and "set/e.jpg" not in reader
    with pytest.raises(PipelineError, match=r"quarantined: (.|\n)*set/d\.jpg"):
        reader.row("set/d.jpg")
    with pytest.raises(PipelineError, match="no dataset holds this image"):
        reader.row("set/e.jpg")


def test_health_counts_every_image_and_no_details(tmp_path: Path) -> None:
    rows = read_index(convert_files(tmp_path, TO_JPEG))
    counts = health(rows)
    assert sum(counts.values()) == len(rows) == len(FILES)
    assert counts["quarantined: cut off or damaged"] == 4 and counts["quarantined: enormous"] == 2
    assert {row["path"].removeprefix("set/") for row in quarantine(rows)} == set(UNREADABLE)
    assert all(row["reason"] and len(row["sha256"]) == 64 for row in quarantine(rows))


def test_an_altered_image_is_refused(dataset: Path) -> None:
    reader = ImageReader([dataset])
    row = reader.row("set/deep/a.jpg")
    Path(row.container, row.member).write_bytes(encoded("JPEG", "L"))
    with pytest.raises(PipelineError, match="not the one that the table was made from"):
        reader.open("set/deep/a.jpg", row.pin)


def test_two_datasets_may_hold_a_file_of_one_name_that_is_no_image(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        convert_files(tmp_path / name, KEEP, {".DS_Store": b"x", f"{name}.jpg": encoded("JPEG")})
    reader = ImageReader([tmp_path / name / "index.parquet" for name in ("one", "two")])
    assert "set/one.jpg" in reader and "set/.DS_Store" not in reader


def test_a_path_that_two_datasets_hold_is_refused(dataset: Path) -> None:
    with pytest.raises(PipelineError, match="two datasets hold an image with the same path"):
        ImageReader([dataset, dataset])


def test_an_index_comes_back_as_it_was(dataset: Path, tmp_path: Path) -> None:
    rows: list[IndexRow] = read_index(dataset)
    write_index(tmp_path / "again.parquet", rows)
    assert (tmp_path / "again.parquet").read_bytes() == dataset.read_bytes()


def test_a_fault_of_our_own_is_not_taken_for_a_damaged_file() -> None:
    """Every decoder error becomes a reason, so the mess must come through whole, or a bug would quarantine it."""
    for name, data in READABLE.items():
        try:
            open_image(data)
        except UnreadableImageError as error:
            pytest.fail(f"{name}: {error}")
