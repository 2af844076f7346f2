"""Several files of rows as one table, as InternVL's meta files list them."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.conversations.source_rows import RowSource, SourceFiles, SourceRow, source_rows
from pipeline_lib.conversations.tabulate import tabulate
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from tests.small_images import small_images

FILES = ("opensource/charts.jsonl", "opensource/talk.jsonl", "meta.json")


def row(text: str, **others: Any) -> dict[str, Any]:
    return {"id": text, "conversations": [{"from": "human", "value": text}, {"from": "gpt", "value": "Yes"}], **others}


def write(folder: Path, meta: Any) -> SourceFiles:
    """Write two files of rows and a meta file, and return the files."""
    (folder / "opensource").mkdir(exist_ok=True)
    rows = {
        "charts": [row("<image>\nBars?", image="0.jpg"), row("Lines?", image="../charts/1.jpg"), row("Axes?")],
        "talk": [row("Who?"), row("When?"), row("Where?"), row("Why?")],
    }
    for name, content in rows.items():
        (folder / f"opensource/{name}.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in content))
    (folder / "meta.json").write_text(json.dumps(meta))
    return SourceFiles(list(FILES), folder.joinpath)


def read(folder: Path, meta: Any) -> list[SourceRow]:
    return list(source_rows(RowSource(file="meta.json"), write(folder, meta)))


def test_files_follow_one_another_as_often_as_the_meta_file_says(tmp_path: Path) -> None:
    charts = {"root": "data/charts/", "annotation": "playground/charts.jsonl", "repeat_time": 2, "length": 3}
    talk = {"annotation": "opensource/talk.jsonl", "data_augment": False, "repeat_time": 0.5, "length": 4}
    rows = read(tmp_path, {"charts": charts, "talk": talk})
    assert [each.content["id"] for each in rows] == [*["<image>\nBars?", "Lines?", "Axes?"] * 2, "Who?", "When?"]
    assert [each.number for each in rows] == list(range(8))
    assert rows[4].origin == {"set": "charts", "row_in_set": 4} and rows[7].origin == {"set": "talk", "row_in_set": 1}


def test_the_same_sets_in_the_study_give_the_same_rows(tmp_path: Path) -> None:
    meta = {"charts": {"root": "x", "annotation": "charts.jsonl"}, "talk": {"annotation": "talk.jsonl"}}
    files = write(tmp_path, meta)
    in_study = RowSource.model_validate({"sets": meta})
    assert list(source_rows(in_study, files)) == list(source_rows(RowSource(file="meta.json"), files))


def test_images_are_below_the_root_and_shown_first_where_no_turn_shows_them(tmp_path: Path) -> None:
    first, second, third = read(tmp_path, {"charts": {"root": "data/charts", "annotation": "charts.jsonl"}})
    assert first.content["image"] == "data/charts/0.jpg" and second.content["image"] == "data/charts/1.jpg"
    assert [each.content["conversations"][0]["value"] for each in (first, second, third)] == [
        "<image>\nBars?", "<image>\nLines?", "Axes?",
    ]  # fmt: skip


def test_a_rejected_row_says_where_it_is(tmp_path: Path) -> None:
    images: ImageReader = small_images(tmp_path / "images")
    files = write(tmp_path, {"talk": {"annotation": "talk.jsonl"}, "charts": {"annotation": "charts.jsonl"}})
    table = tabulate(source_rows(RowSource(file="meta.json"), files), images, "meta.json")
    assert [each.row for each in table.rows] == [0, 1, 2, 3, 4, 6]
    (rejected,) = table.rejected
    assert (rejected["row"], rejected["set"], rejected["row_in_set"]) == (5, "charts", 1)
    assert rejected["image"] == "../charts/1.jpg" and "no dataset holds this image" in rejected["reason"]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"annotation": "talk.jsonl", "length": 5}, "has 4 rows, its set says 5"),
        ({"annotation": "talk.jsonl", "data_augment": True}, "data_augment"),
        ({"annotation": "talk.jsonl", "repeat_time": 1.5}, "neither a share of the rows nor a whole number"),
        ({"annotation": "talk.jsonl", "repeat_time": 0.2}, "adds no row to its table: 0.2 of 4 rows"),
        ({"annotation": "talk.jsonl", "max_patches": 6}, "max_patches"),
        ({"annotation": "walk.jsonl"}, "expected one file of this name"),
        ({"root": "data"}, "annotation"),
        ("talk.jsonl", "talk"),
    ],
)
def test_a_fault_in_a_set_is_named(tmp_path: Path, entry: Any, fault: str) -> None:
    with pytest.raises(PipelineError, match=fault):
        read(tmp_path, {"talk": entry})


def test_an_empty_file_is_a_fault_unless_its_set_says_so(tmp_path: Path) -> None:
    files = write(tmp_path, {})
    (tmp_path / "opensource/talk.jsonl").write_text("\n")

    def read_with(length: int | None) -> list[SourceRow]:
        sets = {"charts": {"annotation": "charts.jsonl"}, "talk": {"annotation": "talk.jsonl", "length": length}}
        return list(source_rows(RowSource.model_validate({"sets": sets}), files))

    assert len(read_with(0)) == 3
    with pytest.raises(PipelineError, match=r"adds no row to its table: 1 of 0 rows[\s\S]*talk.jsonl"):
        read_with(None)


def test_a_name_that_several_files_have_is_no_annotation(tmp_path: Path) -> None:
    files = write(tmp_path, {"talk": {"annotation": "other/talk.jsonl"}})
    twice = SourceFiles([*files.names, "second/talk.jsonl"], files.find)
    with pytest.raises(PipelineError, match=r"not 2[\s\S]*opensource/talk.jsonl, second/talk.jsonl"):
        list(source_rows(RowSource(file="meta.json"), twice))


def test_a_table_has_one_kind_of_source() -> None:
    for settings in ({}, {"file": "a.json", "sets": {"a": {"annotation": "a.jsonl"}}}):
        with pytest.raises(ValueError, match="either file, sets or question"):
            RowSource.model_validate(settings)
