"""Images inside tables: MMBench's TSV, and rows that want to break it."""

import base64
from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.decode import open_image
from pipeline_lib.images.index import IndexRow, health, write_index
from pipeline_lib.images.pixels import to_rgb
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.images.tables import cells
from tests.mess import READABLE, UNREADABLE, encoded

TO_JPEG, KEEP = ConvertSettings(to="jpeg"), ConvertSettings(to="keep")


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def write_table(path: Path, rows: list[tuple[str, str]]) -> Path:
    """Write a TSV as the benchmark's authors do, with columns that are none of our concern."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(
        [{"index": index, "question": 'What "is"\tit?\nSay.', "image": image, "A": "None"} for index, image in rows]
    )
    table.to_csv(path, sep="\t", index=False)
    return path


def converted(folder: Path, rows: list[tuple[str, str]], way: ConvertSettings = KEEP) -> dict[str, IndexRow]:
    """Return the index rows of `raw/mmbench/dev.tsv` by their index in it; the images can be read through them."""
    raw = folder / "raw"
    table = write_table(raw / "mmbench" / "dev.tsv", rows)
    found = convert_shard(raw, [table], folder / "000.tar", folder / "000.tar", way)
    write_index(folder / "index.parquet", found)
    assert [row.path for row in found] == sorted({row.path for row in found})
    return {row.path.removeprefix("mmbench/dev/"): row for row in found}


def test_bytes_come_out_as_they_were_put_in(tmp_path: Path) -> None:
    files = list(READABLE.values())
    rows = converted(tmp_path, [(str(number), text(data)) for number, data in enumerate(files)])
    reader = ImageReader([tmp_path / "index.parquet"])
    assert len(rows) == len(files)
    for number, data in enumerate(files):
        row = rows[str(number)]
        assert row.status == "unpacked" and reader.read(row.path, row.pin) == data
        assert row.sha256 == row.source_sha256 == digest_bytes(data)
        assert reader.open(row.path, row.pin).tobytes() == to_rgb(open_image(data), "llava").tobytes()


def test_what_a_training_set_needs_as_jpeg_is_converted(tmp_path: Path) -> None:
    rows = converted(tmp_path, [("1", text(encoded("JPEG"))), ("2", text(encoded("PNG", "RGBA")))], TO_JPEG)
    assert (rows["1"].status, rows["1"].reason) == ("unpacked", "JPEG")
    assert (rows["2"].status, rows["2"].reason) == ("converted", "PNG RGBA, alpha dropped")
    assert open_image(ImageReader([tmp_path / "index.parquet"]).read(rows["2"].path, rows["2"].pin)).format == "JPEG"


def test_a_row_may_name_the_image_of_another(tmp_path: Path) -> None:
    rows = converted(tmp_path, [("1000005", "5"), ("5", text(encoded("PNG"))), ("2000005", "5")])
    reader = ImageReader([tmp_path / "index.parquet"])
    assert {row.offset for row in rows.values()} == {rows["5"].offset}  # the bytes lie there once
    for row in rows.values():
        assert reader.read(row.path, row.pin) == encoded("PNG")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "no image in this row"),
        ("nan", "neither base64 nor another row's index (row 2: 'nan')"),
        ("99x", "neither base64 nor another row's index (row 2: '99x')"),
        ("2", "the row that it refers to has no image of its own (row 2)"),
        ("3", "the row that it refers to has no image of its own (row 3)"),
        (text(encoded("PNG"))[:-3], "neither base64 nor another row's index (row 2: 'iVBOR"),
        ("!" + text(encoded("PNG")), "neither base64 nor another row's index (row 2: '!iVBOR"),
        ("ü" * 80, "neither base64 nor another row's index"),
        (f"['{text(encoded('PNG'))}']", "neither base64 nor another row's index"),
        (text(b"<html>" * 20), "no image of a known format"),
        (text(encoded("JPEG")[:-40]), "cut off or damaged"),
        (text(UNREADABLE["bomb.png"][0]), "enormous"),
    ],
)
def test_a_hostile_row_is_quarantined_and_the_others_are_not(value: str, reason: str, tmp_path: Path) -> None:
    rows = converted(tmp_path, [("1", text(encoded("JPEG"))), ("2", value), ("3", "2"), ("4", text(encoded("GIF")))])
    assert rows["2"].status == "quarantined" and rows["2"].reason.startswith(reason)
    assert rows["3"].status == "quarantined"
    assert rows["1"].status == rows["4"].status == "unpacked"


@pytest.mark.parametrize("index", ["", "..", ".", "a/b", "../../etc/passwd"])
def test_an_index_that_makes_no_path_is_quarantined_by_its_row(index: str, tmp_path: Path) -> None:
    rows = converted(tmp_path, [("1", text(encoded("JPEG"))), (index, text(encoded("JPEG")))])
    assert rows["1"].status == "unpacked"
    assert rows["row 2"].reason == f"its index makes no path ({index!r})"


def test_an_index_with_two_images_has_none(tmp_path: Path) -> None:
    one, other = text(encoded("JPEG")), text(encoded("PNG"))
    rows = converted(tmp_path, [("1", one), ("2", one), ("1", other), ("2", one)])
    assert (rows["1"].status, rows["1"].reason) == ("quarantined", "this index has several images")
    assert rows["2"].status == "unpacked" and len(rows) == 2


def test_text_that_pandas_takes_for_nothing_is_an_index_like_any_other(tmp_path: Path) -> None:
    indexes = ["None", "NA", "nan", "null", "007", "1.0", "图", "a b"]
    assert set(converted(tmp_path, [(index, text(encoded("JPEG"))) for index in indexes])) == set(indexes)


def test_a_table_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    table = write_table(tmp_path / "dev.tsv", [(str(number), text(encoded("JPEG"))) for number in range(200)])
    table.write_bytes(table.read_bytes()[:-40] + b'\n200\t"never closed\t')
    rows = convert_shard(tmp_path, [table], tmp_path / "0.tar", tmp_path / "0.tar", KEEP)
    (broken,) = [row for row in rows if row.status == "quarantined"]
    assert broken.path == "dev.tsv" and "no whole table" in broken.reason
    assert sum(row.status == "unpacked" for row in rows) == 192  # whole chunks


def test_a_table_of_which_a_quote_swallows_rows_is_quarantined(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text('index\tquestion\timage\n1\t"q\tAA\n2\tq"\tAA\n')
    (row,) = convert_shard(tmp_path, [tmp_path / "t.tsv"], tmp_path / "0.tar", tmp_path / "0.tar", KEEP)
    assert (row.path, row.status) == ("t.tsv", "quarantined")
    assert row.reason == "no whole table (a quote swallows what follows row 1)"


@pytest.mark.parametrize("content", [b"", b"index\tquestion\n1\tWhat?\n", b"\xff\xfe\x00", b"a\n\xff\xff\n", b'"'])
def test_other_tables_are_left_alone(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "questions.tsv").write_bytes(content)
    (row,) = convert_shard(tmp_path, [tmp_path / "questions.tsv"], tmp_path / "0.tar", tmp_path / "0.tar", KEEP)
    assert (row.path, row.status) == ("questions.tsv", "ignored") and "not an image" in row.reason


def test_a_table_is_read_a_few_rows_at_a_time(tmp_path: Path) -> None:
    table = write_table(tmp_path / "dev.tsv", [(str(number), "x" * 100) for number in range(1000)])
    with table.open("a") as file:
        file.write('\n1\t"never closed')
    read = cells(table)
    assert [next(read).index for _ in range(100)] == [str(number) for number in range(100)]


def test_health_tells_what_a_table_held(tmp_path: Path) -> None:
    rows = converted(tmp_path, [("1", text(encoded("JPEG"))), ("2", "?"), ("3", "§"), ("4", "1")])
    assert health(list(rows.values())) == {
        "quarantined: neither base64 nor another row's index": 2,
        "unpacked: JPEG": 2,
    }
