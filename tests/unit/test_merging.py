"""Merging of shards' indexes: the bytes and the reports that all rows in memory at once would give."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images import merging
from pipeline_lib.images.index import IndexRow, doubtful, health, merge, missing, quarantine, read_index, write_index
from pipeline_lib.images.merging import merge_indexes

ROW = IndexRow("", "kept", "JPEG", "raw", "a.jpg", 0, 0, 4, 3, 1, "0" * 64, "0" * 64)
KINDS = [{}, {"status": "quarantined", "reason": "cut off (x)"}, {"doubt": "all black"}, {"status": "ignored"}]


def shards(folder: Path, count: int) -> tuple[list[Path], list[list[IndexRow]]]:
    """Write three shards of unsorted rows of all kinds."""
    draw = random.Random(0)
    names = [f"{'zaé'[number % 3]}/{number}.jpg" for number in range(count)]
    draw.shuffle(names)
    rows = [replace(ROW, path=name, **draw.choice(KINDS)) for name in names]
    parts = [rows[: count // 2], [], rows[count // 2 :]]
    for number, part in enumerate(parts):
        write_index(folder / f"{number}.parquet", part)
    return [folder / f"{number}.parquet" for number in range(3)], parts


@pytest.mark.parametrize("count", [0, 1, 300])
def test_the_index_has_the_bytes_of_all_rows_at_once(tmp_path: Path, count: int) -> None:
    files, parts = shards(tmp_path, count)
    failures = missing([{"name": "m.jpg", "reason": "HTTP 404"}])
    rows = merge([*parts, failures], "p/")
    write_index(tmp_path / "expected", rows)
    merged = merge_indexes(files, failures, "p/", tmp_path / "index")
    assert (tmp_path / "index").read_bytes() == (tmp_path / "expected").read_bytes()
    assert (merged.files, merged.health) == (len(rows), health(rows))
    assert (merged.quarantine, merged.doubtful) == (quarantine(rows), doubtful(rows))


def test_many_ranges_give_the_rows_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "RANGE", 40)
    monkeypatch.setattr(merging, "SAMPLED", 4)
    files, parts = shards(tmp_path, 300)
    merged = merge_indexes(files, [], "", tmp_path / "index")
    assert read_index(tmp_path / "index") == merge(parts, "") and merged.files == 300


def test_a_path_in_two_shards_is_refused(tmp_path: Path) -> None:
    for name in "ab":
        write_index(tmp_path / name, [replace(ROW, path="same.jpg")])
    with pytest.raises(PipelineError, match="two images of one dataset have the same path"):
        merge_indexes([tmp_path / "a", tmp_path / "b"], [], "", tmp_path / "index")
