"""Tables and subsets: which rows are usable, and which are chosen."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.instruct.subset import SampleSettings, sample, subset_conversations, write_subset
from pipeline_lib.instruct.table import Conversation, read_table, write_table
from pipeline_lib.instruct.tabulate import TabulateSettings, tabulate
from pipeline_lib.sampling import digest_rank

GOLDEN = Path(__file__).parent.parent / "golden" / "digest_rank.json"


def turns(human: str = "Hi", gpt: str = "Hello") -> list[dict[str, str]]:
    return [{"from": "human", "value": human}, {"from": "gpt", "value": gpt}]


def tabulated(
    tmp_path: Path, rows: list[Any], unusable: float = 1.0
) -> tuple[list[Conversation], list[dict[str, Any]]]:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    return tabulate(path, ImageReader([]), TabulateSettings(file="rows.json", unusable=unusable))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": 1}, "not a list of pairs"),
        ({"conversations": turns()[:1]}, "not a list of pairs"),
        ({"conversations": turns()[::-1]}, "do not alternate"),
        ({"conversations": turns(gpt=" ")}, "empty turn of gpt"),
        ({"conversations": turns(human="<image>\n")}, "empty turn of human"),
        ({"conversations": turns(human="<image>\nWhat?")}, "<image> without an image"),
        ({"conversations": turns(), "image": "a.jpg"}, "expected <image> once"),
        ({"conversations": turns(human="<image><image> What?"), "image": "a.jpg"}, "expected <image> once"),
        ({"conversations": turns(human="<image>\nWhat?"), "image": "a.jpg"}, "no dataset holds this image"),
        ({"conversations": turns(human="<image>\nWhat?"), "image": ["a.jpg"]}, "not one path"),
    ],
)
def test_an_unusable_row_is_listed_with_its_reason(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    rows, rejected = tabulated(tmp_path, [{"id": "good", "conversations": turns()}, row])
    assert [(kept.row, kept.id) for kept in rows] == [(0, "good")]
    assert rejected[0]["row"] == 1 and reason in rejected[0]["reason"]


def test_too_many_unusable_rows_stop_the_study(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"1 of 2 rows cannot be used; the study allows 1\.00%"):
        tabulated(tmp_path, [{"conversations": turns()}, {}], unusable=0.01)


@pytest.mark.parametrize("content", ["{}", "[1]", "[]"])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "rows.json").write_text(content)
    with pytest.raises(PipelineError, match=r"rows\.json"):
        tabulate(tmp_path / "rows.json", ImageReader([]), TabulateSettings(file="rows.json"))


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    rows, _ = tabulated(
        tmp_path, [{"id": 7, "conversations": turns()}, {"id": "b", "conversations": turns("x", "y") * 2}]
    )
    write_table(tmp_path / "t.parquet", rows)
    assert read_table(tmp_path / "t.parquet") == rows
    assert [row.id for row in read_table(tmp_path / "t.parquet", {1})] == ["b"]


def choose(fraction: float, count: int, seed: int = 0) -> list[int]:
    return digest_rank.choose(digest_rank.Settings(fraction=fraction), seed, list(range(count)))


def test_the_chosen_rows_never_change() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert sorted(choose(golden["fraction"], golden["rows"], golden["seed"])) == golden["chosen"]


@given(st.integers(2, 300), st.integers(0, 5), st.floats(0.02, 1.0), st.floats(0.02, 1.0))
def test_counts_are_exact_and_fractions_nest(count: int, seed: int, one: float, other: float) -> None:
    small, large = sorted((max(one, 1 / count + 0.001), max(other, 1 / count + 0.001)))
    inner, outer = choose(min(small, 1.0), count, seed), choose(min(large, 1.0), count, seed)
    assert len(inner) == int(count * min(small, 1.0))
    assert set(inner) <= set(outer)


def test_a_subset_larger_than_its_table_is_refused() -> None:
    with pytest.raises(PipelineError, match="cannot take 11 of 10 rows"):
        digest_rank.choose(digest_rank.Settings(count=11), 0, list(range(10)))


def test_a_subset_pins_the_content_of_its_rows(tmp_path: Path) -> None:
    table = [Conversation(number, str(number), None, None, turns(str(number))) for number in range(10)]
    write_table(tmp_path / "t.parquet", table)
    chosen = sample(table, SampleSettings(sample=digest_rank.Settings(fraction=0.5), seed=0))
    write_subset(tmp_path / "s.parquet", chosen)
    rows = subset_conversations(tmp_path / "s.parquet", tmp_path / "t.parquet")
    assert [row.row for row in rows] == sorted(row.row for row in chosen) and len(rows) == 5
    first = rows[0].row
    table[first] = Conversation(first, str(first), None, None, turns("another question"))
    write_table(tmp_path / "t.parquet", table)
    with pytest.raises(PipelineError, match="not the one that the subset pins"):
        subset_conversations(tmp_path / "s.parquet", tmp_path / "t.parquet")
    write_table(tmp_path / "t.parquet", table[:first] + table[first + 1 :])
    with pytest.raises(PipelineError, match="rows of the subset are missing"):
        subset_conversations(tmp_path / "s.parquet", tmp_path / "t.parquet")
