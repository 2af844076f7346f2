"""Lookups: the rows of image indexes by path, from small indexes and from the mapped copies of large ones."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images import lookup
from pipeline_lib.images.index import IndexRow, write_index
from pipeline_lib.images.lookup import Lookup
from pipeline_lib.images.reader import ImageReader

ROW = IndexRow("", "kept", "JPEG", "raw", "a.jpg", 0, 0, 4, 3, 1, "0" * 64, "0" * 64)


def index(path: Path, names: list[str], status: str = "kept") -> Path:
    write_index(path, [replace(ROW, path=name, width=number, status=status) for number, name in enumerate(names)])
    return path


@pytest.fixture(params=["small", "mapped"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose indexes are read as they are, or copied and mapped, in batches of three rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lookup, "PART", 3)
    if request.param == "mapped":
        monkeypatch.setattr(lookup, "SMALL", 0)
    return tmp_path


def test_every_path_finds_its_row_in_the_first_and_in_later_indexes(folder: Path) -> None:
    names = {"one": [f"a/{number}.jpg" for number in range(10)], "two": [f"é/{number}.jpg" for number in range(7)]}
    rows = Lookup([index(folder / key, values) for key, values in names.items()])
    for values in names.values():
        for width, path in enumerate(values):
            position = rows.find(path)
            assert position is not None and rows.row(position) == replace(ROW, path=path, width=width)
    assert rows.find("a/10.jpg") is None
    assert list(rows.paths()) == names["one"] + names["two"]


def test_paths_with_one_checksum_are_told_apart(folder: Path) -> None:
    names = ["plumless", "buckeroo"]  # the textbook's collision of CRC-32
    rows = Lookup([index(folder / "one", names)])
    assert [rows.value("path", rows.find(name)) for name in names] == names


def test_a_changed_index_is_read_anew_and_its_earlier_copy_removed(folder: Path) -> None:
    path = index(folder / "one", ["a.jpg"])
    assert Lookup([path]).find("b.jpg") is None
    path.unlink()
    assert Lookup([index(path, ["a.jpg", "b.jpg"])]).find("b.jpg") is not None
    assert len(list(lookup.FOLDER.glob("*.arrow"))) <= 1


def test_one_path_in_two_datasets_is_refused(folder: Path) -> None:
    first, second = index(folder / "one", ["a.jpg", "b.jpg"]), index(folder / "two", ["b.jpg"])
    with pytest.raises(PipelineError, match="two datasets hold an image with the same path") as error:
        Lookup([first, second])
    assert "two" in str(error.value) and "b.jpg" in str(error.value)


def test_a_file_that_is_no_image_is_not_in_the_lookup(folder: Path) -> None:
    listings = [index(folder / name, ["list.txt"], "ignored") for name in ("one", "two")]
    assert Lookup(listings).find("list.txt") is None


def test_a_reader_in_another_process_opens_the_indexes_itself(folder: Path) -> None:
    reader = ImageReader([index(folder / "one", [f"{number}.jpg" for number in range(1000)])])
    sent = pickle.dumps(reader)
    assert len(sent) < 1000
    assert pickle.loads(sent).row("7.jpg") == reader.row("7.jpg")
