"""Paths that no dataset holds: the nearest one, and how the two differ."""

import pytest

from pipeline_lib.images.nearest import NearestPaths, first_folders

INDEX = ["train/1.jpg", "train/café.jpg", "val/2.png", "coco/val/3.jpg"]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("train/1.JPG", "there is train/1.jpg: other case"),
        ("./train/1.jpg", "there is train/1.jpg: written otherwise (`./`, slashes, blanks, escapes)"),
        ("train\\1.jpg", "there is train/1.jpg: written otherwise (`./`, slashes, blanks, escapes)"),
        ("train/1.png", "there is train/1.jpg: other suffix"),
        ("train/1", "there is train/1.jpg: other suffix"),
        ("train/cafe\u0301.jpg", "there is train/café.jpg: other Unicode form"),
        ("coco/train/1.jpg", "there is train/1.jpg: a dataset with `prefix: coco/` would match"),
        ("/data/coco/train/1.jpg", "there is train/1.jpg: a dataset with `prefix: data/coco/` would match"),
        ("1.jpg", "there is train/1.jpg: train/ is not in the row's path"),
        ("val/3.jpg", "there is coco/val/3.jpg: coco/ is not in the row's path"),
        ("val/1.JPG", "there is train/1.jpg: other case, other folder"),
        ("4.jpg", ""),
    ],
)
def test_the_nearest_path_is_told_with_what_differs(path: str, hint: str) -> None:
    assert NearestPaths(INDEX).hint(path) == hint


def test_of_several_with_one_name_the_nearest_folder_wins() -> None:
    assert NearestPaths(["a/x/1.jpg", "b/y/1.jpg"]).nearest("c/y/1.jpg") == "b/y/1.jpg"


def test_of_several_spellings_the_nearest_wins() -> None:
    assert NearestPaths(["A.PNG", "a.png"]).nearest("a.jpg") == "a.png"


def test_paths_are_counted_by_their_first_folder() -> None:
    assert first_folders(["a/1", "b/1", "b/2", "3"]) == "b/ 2, a/ 1, (no folder) 1"
