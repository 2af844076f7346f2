"""A CLIP model needs an image in every row, a language model in none; found before either is loaded."""

import json
from pathlib import Path

import pytest

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.preview.images import images_verdict
from pipeline_lib.preview.settings import InspectImagesSettings
from pipeline_lib.preview.verdict import read_verdict

WITH = Conversation(0, "a", "a.jpg", "0" * 64, [])
WITHOUT = Conversation(7, "b", None, None, [])


def judged(folder: Path, rows: list[Conversation], images: bool) -> tuple[set[int], int | None]:
    path = folder / "verdict.json"
    path.write_text(json.dumps(images_verdict(rows, InspectImagesSettings(images=images))))
    return read_verdict([path])


def test_rows_of_the_kind_that_is_trained_leave_nothing_out(tmp_path: Path) -> None:
    assert judged(tmp_path, [WITH, WITH], images=True) == (set(), None)
    assert judged(tmp_path, [WITHOUT], images=False) == (set(), None)


@pytest.mark.parametrize(
    ("rows", "images", "told"),
    [
        ([WITH, WITHOUT], True, "1 of 2 rows have no image.*row 7"),
        ([WITH, WITHOUT], False, "1 of 2 rows have an image.*row 0"),
        ([], True, "there is no row"),
    ],
)
def test_a_row_of_the_other_kind_holds_the_training_back(
    tmp_path: Path, rows: list[Conversation], images: bool, told: str
) -> None:
    with pytest.raises(PipelineError, match=f"(?s){told}.*cure"):
        judged(tmp_path, rows, images)
