"""What a rehearsal takes: nested, in shares, groups whole, and nothing that depends on the order of a file."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonlines
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.conversations.source_rows import SourceFiles
from pipeline_lib.rehearsal.images import NO_IMAGE, names_by_dataset, source_of
from pipeline_lib.rehearsal.order import Group, taken
from pipeline_lib.rehearsal.questions import QuestionsSettings, choose_questions
from pipeline_lib.rehearsal.rows import RowsSettings, choose_rows
from tests.unit import mmbench_table

FIRST_ROWS = ["491", "874", "275", "498", "116", "265", "542", "567"]
STRATA = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 9)), min_size=1, max_size=60)


def groups_of(strata: list[tuple[str, int]]) -> list[Group]:
    return [Group(str(number), stratum, size) for number, (stratum, size) in enumerate(strata)]


def size(groups: list[Group]) -> int:
    return sum(group.size for group in groups)


@given(STRATA, st.integers(1, 80), st.integers(1, 80), st.integers(0, 2**40))
def test_a_larger_limit_contains_the_smaller(strata: list[tuple[str, int]], one: int, two: int, seed: int) -> None:
    groups = groups_of(strata)
    assert set(taken(groups, min(one, two), seed)) <= set(taken(groups, max(one, two), seed))
    assert taken(groups[::-1], one, seed) == taken(groups, one, seed)


@given(STRATA, st.integers(1, 80))
def test_the_limit_is_reached_and_exceeded_by_less_than_one_group(strata: list[tuple[str, int]], limit: int) -> None:
    groups = groups_of(strata)
    found = taken(groups, limit, 0)
    assert size(found) >= min(limit, size(groups))
    assert size(found[:-1]) < limit
    assert set(taken(groups, None, 0)) == set(groups)


@given(st.lists(st.sampled_from("aaaaaaaabbbcd"), min_size=1, max_size=300), st.integers(1, 100), st.integers(0, 9))
def test_every_stratum_has_its_share_and_at_least_one(strata: list[str], limit: int, seed: int) -> None:
    rows = [Group(str(number), stratum) for number, stratum in enumerate(strata)]
    found = Counter(row.stratum for row in taken(rows, limit, seed))
    whole = Counter(strata)
    assert found.total() == min(limit, len(rows))
    assert len(found) == min(limit, len(whole))
    if limit >= len(whole):
        for stratum, count in whole.items():
            assert abs(found[stratum] - found.total() * count / len(rows)) < len(whole)  # one of each comes first


def test_the_choice_is_the_same_on_every_machine() -> None:
    rows = [Group(str(number), "ab"[number % 2]) for number in range(1000)]
    assert [row.name for row in taken(rows, 8, 0)] == FIRST_ROWS
    assert [row.name for row in taken(rows, 8, 1)] != FIRST_ROWS


def write_table(path: Path, sources: dict[str | None, int]) -> Path:
    images = [source and f"{source}/{n}.jpg" for source, count in sources.items() for n in range(count)]
    path.write_text(
        json.dumps([{"id": str(n), **({"image": image} if image else {})} for n, image in enumerate(images)])
    )
    return path


def files(folder: Path) -> SourceFiles:
    return SourceFiles(["t.json"], folder.joinpath)


def rows_settings(rows: int | None, **images: str) -> RowsSettings:
    return RowsSettings(file="t.json", rows=rows, seed=0, images=images)


def test_rows_are_of_every_source_and_name_the_images_that_they_use(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.json", {"coco/train": 60, "vg/a": 20, "vg/b": 10, None: 10})
    content = json.loads(path.read_text())
    choice = choose_rows(files(tmp_path), rows_settings(20, coco="coco/", vg="vg/", other="zz/"))
    paths = [content[row].get("image") for row in choice["rows"]]
    assert Counter(path and path.rpartition("/")[0] for path in paths) == {
        "coco/train": 12,
        "vg/a": 4,
        "vg/b": 2,
        None: 2,
    }
    assert choice["rows"] == sorted(choice["rows"])
    assert choice["images"]["coco"] == sorted(path[5:] for path in paths if path and path.startswith("coco/"))
    assert len(choice["images"]["vg"]) == 6 and choice["images"]["other"] == []


def test_a_table_smaller_than_the_limit_is_taken_whole(tmp_path: Path) -> None:
    write_table(tmp_path / "t.json", {"a": 3, None: 2})
    assert (
        choose_rows(files(tmp_path), rows_settings(200))["rows"]
        == choose_rows(files(tmp_path), rows_settings(None))["rows"]
        == [0, 1, 2, 3, 4]
    )


def test_images_that_are_no_names_are_left_to_who_refuses_them(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"image": 3}, {"image": ["a/1.jpg", "b/2.jpg"]}, {"image": None}, {}]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    choice = choose_rows(files(tmp_path), rows_settings(9, all=""))
    assert choice == {"rows": [0, 1, 2, 3], "images": {"all": ["a/1.jpg", "b/2.jpg"]}}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("coco/train/1.jpg", "coco/train"),
        ("coco/1.jpg", "coco/"),
        ("coco/train/deep/1.jpg", "coco/train"),
        ("vg/b/1.jpg", "vg/b"),
        ("1.jpg", ""),
        (None, NO_IMAGE),
    ],
)
def test_a_source_is_a_prefix_and_a_folder(path: str | None, source: str) -> None:
    assert source_of(path, {"coco": "coco/", "vg": "vg/", "rest": ""}) == source


def test_a_name_that_two_datasets_could_hold_is_given_to_both() -> None:
    assert names_by_dataset(["x/1", "2"], {"a": "", "b": "", "x": "x/"}) == {
        "a": ["2", "x/1"],
        "b": ["2", "x/1"],
        "x": ["1"],
    }


def questions_settings(benchmark: str, questions: int | None) -> QuestionsSettings:
    names = FileNames(questions="q")
    return QuestionsSettings(
        benchmark=benchmark, protocol="llava15", files=names, questions=questions, seed=0, images={"photos": ""}
    )


def test_the_questions_about_one_image_of_pope_stay_together(tmp_path: Path) -> None:
    with jsonlines.open(tmp_path / "q", "w") as file:
        for number in range(90):
            category = ("random", "popular", "adversarial")[number % 3]
            file.write({"question_id": number, "image": f"{number // 6}.jpg", "text": "?", "category": category})
    choice = choose_questions(Files(tmp_path / "q"), questions_settings("pope", 20))
    assert len(choice["questions"]) == 24 and len(choice["images"]["photos"]) == 4
    assert {f"{int(name) // 6}.jpg" for name in choice["questions"]} == set(choice["images"]["photos"])


def test_the_copies_of_a_question_of_mmbench_stay_together_and_every_category_is_asked(tmp_path: Path) -> None:
    copies = [n + copy * 1_000_000 for n in range(40) for copy in range(n % 4 + 1)]
    rows = [mmbench_table.row(n, category="few" if n % 1_000_000 < 2 else "many") for n in copies]
    files = mmbench_table.write(tmp_path / "t.tsv", rows)
    choice = choose_questions(files, questions_settings("mmbench", 25))
    found = [int(name) for name in choice["questions"]]
    groups = {n % 1_000_000 for n in found}
    assert sorted(n for n in copies if n % 1_000_000 in groups) == sorted(found)
    assert 25 <= len(found) < 25 + 4 and groups & {0, 1}
