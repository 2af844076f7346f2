"""One pass over a folder: nothing in it vanishes without a reason."""

import os
import socket
from pathlib import Path

import pytest

from pipeline_lib.core.walk import DANGLING, LOOP, MANY_WAYS, NOT_UTF8, SPECIAL, UNREADABLE, walk
from pipeline_lib.fetching.shard import FetchSettings, fetch_shard
from pipeline_lib.sources import folder


@pytest.fixture()
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos/deep").mkdir(parents=True)
    for name in ("a.jpg", "deep/b.jpg"):
        (tmp_path / "photos" / name).write_text(name)
    return tmp_path / "photos"


def test_a_linked_folder_is_entered(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/c.jpg").write_text("c")
    (photos / "coco").symlink_to(tmp_path / "disk")
    assert sorted(walk(photos).files) == ["a.jpg", "coco/c.jpg", "deep/b.jpg"]


def test_a_folder_linked_twice_is_two_folders(photos: Path) -> None:
    (photos / "again").symlink_to(photos / "deep")
    assert walk(photos).unusable == {} and "again/b.jpg" in walk(photos).files


def test_links_from_folder_to_folder_cannot_make_files_without_end(tmp_path: Path) -> None:
    for number in range(12):
        for name in ("a", "b"):
            (tmp_path / f"{number:02}").mkdir(exist_ok=True)
            (tmp_path / f"{number:02}" / name).symlink_to(tmp_path / f"{number + 1:02}")
    (tmp_path / "12").mkdir()
    (tmp_path / "12/picture.jpg").write_text("x")
    content = walk(tmp_path)
    assert "12/picture.jpg" in content.files and len(content.files) < 8192
    assert MANY_WAYS in content.unusable.values()


def test_loops_dangling_links_pipes_and_sockets_are_listed(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (photos / "deep/up").symlink_to(photos)
    (photos / "nothing.jpg").symlink_to("gone.jpg")
    (photos / "itself.jpg").symlink_to("itself.jpg")
    os.mkfifo(photos / "pipe")
    monkeypatch.chdir(photos)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("socket")
    assert walk(photos).unusable == {
        "deep/up": LOOP,
        "nothing.jpg": DANGLING,
        "itself.jpg": DANGLING,
        "pipe": SPECIAL,
        "socket": SPECIAL,
    }


def test_a_name_that_is_not_utf8_is_listed_with_its_bytes_escaped(photos: Path) -> None:
    (photos / os.fsdecode(b"caf\xe9.jpg")).touch()
    assert walk(photos).unusable == {r"caf\xe9.jpg": NOT_UTF8}


def test_a_folder_that_cannot_be_read_is_listed(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert walk(photos).unusable == {"deep": UNREADABLE} and list(walk(photos).files) == ["a.jpg"]


def test_what_cannot_be_used_is_among_the_failures_and_the_rest_is_fetched(photos: Path, tmp_path: Path) -> None:
    (photos / "nothing.jpg").symlink_to("gone.jpg")
    source = folder.Settings(kind="folder", path=str(photos))
    fetched = fetch_shard(FetchSettings(source=source, seed=0, shard=0, shards=1), tmp_path / "000")
    assert [(failure.name, failure.reason) for failure in fetched.failures] == [("nothing.jpg", DANGLING)]
    assert (tmp_path / "000/deep/b.jpg").read_text() == "deep/b.jpg"
