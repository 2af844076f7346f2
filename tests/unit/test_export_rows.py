"""Rows exported for other trainers: what is written, and that a table of the export has equal rows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline_lib.conversations.export import export_images, other_pixels, write_export
from pipeline_lib.conversations.source_rows import rows_of_file
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.conversations.tabulate import tabulate
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from tests.image_shelf import Shelf, encoded, picture, turn


@pytest.fixture()
def shelf(tmp_path: Path) -> Shelf:
    """Return a dataset with a JPEG that stays, a PNG that becomes a JPEG, and one without conversion."""
    shelf = Shelf(tmp_path)
    jpeg, png = encoded(picture(1), "JPEG", quality=95), encoded(picture(2), "PNG")
    shelf.add("photos", "jpeg", {"a.jpg": jpeg, "b.png": png})
    shelf.add("charts", "keep", {"c.png": encoded(picture(3), "PNG")})
    return shelf


def rows_of(shelf: Shelf) -> list[Conversation]:
    """Return rows about one image, about none and about two, and with text beyond ASCII."""
    one, none = shelf.row(0, "photos/a.jpg", "What is it?"), shelf.row(1, None, "Grüß Gott 图\u2028!")
    other = shelf.row(2, "photos/b.png", "And\nthis?")
    paths = ["charts/c.png", "photos/a.jpg"]
    pins = [shelf.images.row(path).pin for path in paths]
    turns = [
        turn("human", "<image> or <image>?"),
        turn("gpt", "<b>First</b>"),
        turn("human", "Why?"),
        turn("gpt", "So"),
    ]
    return [one, none, other, Conversation(3, "several", paths, pins, turns)]


def test_a_table_of_the_export_has_equal_rows(shelf: Shelf, tmp_path: Path) -> None:
    rows = rows_of(shelf)
    assert export_images(rows, shelf.images, tmp_path / "out", link=False) == 3
    write_export(tmp_path / "rows.json", rows, "llava-json")
    again = Shelf(tmp_path / "again")
    again.root.mkdir()
    again.index("out", tmp_path / "out", "keep")
    read = tabulate(rows_of_file(tmp_path / "rows.json"), again.images, "rows.json")
    assert read.rows == rows and read.rejected == [] and read.unused_keys == []
    assert [row.digest() for row in read.rows] == [row.digest() for row in rows]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=4)
    )
)
def test_any_text_is_read_back(tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    rows = [
        Conversation(
            number, f"{number}", None, None, [turn(("human", "gpt")[n % 2], f"x{t}") for n, t in enumerate(row)]
        )
        for number, row in enumerate(texts)
    ]
    write_export(folder / "rows.json", rows, "llava-json")
    assert [row.content["conversations"] for row in rows_of_file(folder / "rows.json")] == [
        row.conversations for row in rows
    ]


def test_equal_rows_give_equal_bytes(shelf: Shelf, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        write_export(tmp_path / name, rows_of(shelf), "llava-json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_sharegpt_lists_the_images_of_every_row(shelf: Shelf, tmp_path: Path) -> None:
    write_export(tmp_path / "rows.json", rows_of(shelf), "sharegpt")
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [row["images"] for row in rows] == [
        ["photos/a.jpg"],
        [],
        ["photos/b.png"],
        ["charts/c.png", "photos/a.jpg"],
    ]
    marks = [sum(turn["value"].count("<image>") for turn in row["conversations"]) for row in rows]
    assert marks == [len(row["images"]) for row in rows]


def test_linked_images_are_those_that_are_files_of_their_own(shelf: Shelf, tmp_path: Path) -> None:
    export_images(rows_of(shelf), shelf.images, tmp_path / "out", link=True)
    links = {path.name: path.is_symlink() for path in (tmp_path / "out").rglob("*.*")}
    assert links == {"a.jpg": True, "b.png": False, "c.png": True}  # b.png is a JPEG of the archive
    with Image.open(tmp_path / "out/photos/b.png") as image:
        assert image.format == "JPEG"


def test_a_link_to_a_file_that_is_gone_is_replaced(shelf: Shelf, tmp_path: Path) -> None:
    target = tmp_path / "out/photos/a.jpg"
    target.parent.mkdir(parents=True)
    target.symlink_to(tmp_path / "gone.jpg")
    export_images(rows_of(shelf), shelf.images, tmp_path / "out", link=True)
    assert target.is_symlink() and target.read_bytes()


def test_exports_share_a_folder_and_replace_no_other_image(shelf: Shelf, tmp_path: Path) -> None:
    rows = rows_of(shelf)
    for _ in range(2):
        export_images(rows, shelf.images, tmp_path / "out", link=False)
    (tmp_path / "out/photos/a.jpg").write_bytes(b"mine")
    with pytest.raises(PipelineError, match="another image is there"):
        export_images(rows, shelf.images, tmp_path / "out", link=False)
    assert (tmp_path / "out/photos/a.jpg").read_bytes() == b"mine"


def test_an_image_that_changed_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    rows = rows_of(shelf)
    (tmp_path / "photos/a.jpg").write_bytes(encoded(picture(9), "JPEG"))
    with pytest.raises(PipelineError, match="not the one that the table was made from"):
        export_images(rows, shelf.images, tmp_path / "out", link=True)


@pytest.mark.parametrize("path", ["../a.jpg", "/a.jpg", "x/../../a.jpg"])
def test_no_image_leaves_the_folder(path: str, tmp_path: Path) -> None:
    row = Conversation(0, "0", path, "0", [turn("human", "<image>\nWhat?"), turn("gpt", "That")])
    with pytest.raises(PipelineError, match="out of the folder"):
        export_images([row], ImageReader([]), tmp_path / "out", link=False)


def test_an_existing_file_stays(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text("mine")
    with pytest.raises(PipelineError, match="exists already"):
        write_export(tmp_path / "rows.json", rows_of(shelf), "llava-json")
    assert (tmp_path / "rows.json").read_text() == "mine"


def test_images_of_the_clean_rule_are_counted(shelf: Shelf) -> None:
    row = rows_of(shelf)[0]
    assert other_pixels([row]) == 0
    assert other_pixels([row, replace(row, image_sha256=f"{row.image_sha256}:clean")]) == 1
