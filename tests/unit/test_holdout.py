"""Held-out rows: no image is on both sides, whatever the rows show; the same on every machine."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.config.load import load_study
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.references import problems
from pipeline_lib.config.study import Study
from pipeline_lib.conversations.holdout import apart_from, held_out
from pipeline_lib.conversations.sample import SampleSettings, sample
from pipeline_lib.conversations.subset import SubsetRow, write_subset
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import write_lines
from pipeline_lib.overlap.asked import asked_of
from pipeline_lib.overlap.prints import Fingerprint
from pipeline_lib.overlap.shared import shared_images
from pipeline_lib.sampling import image_rank
from pipeline_lib.sampling.base import image_digests
from tests.image_shelf import Shelf, encoded, picture, turn
from tests.unit.test_overlap import Fingerprinted, about

SHOWS = st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=3), min_size=2, max_size=30)  # the images of each row


def table(shows: list[set[str]]) -> list[Conversation]:
    """Return a row for every set of images; those of capital letters have the same bytes under another pixel rule."""
    return [row(number, sorted(images)) for number, images in enumerate(shows)]


def row(number: int, images: list[str]) -> Conversation:
    paths, pins = [f"{number}/{each}.jpg" for each in images], [pin(each) for each in images]
    image, pinned = (paths, pins) if len(paths) > 1 else (paths[0], pins[0]) if paths else (None, None)
    turns = [turn("human", "<image>" * len(paths) + f"What {number}?"), turn("gpt", "That")]
    return Conversation(number, str(number), image, pinned, turns)


def pin(image: str) -> str:
    return f"{image.lower()}:clean" if image.isupper() else image


def ranked(rows: list[Conversation], seed: int = 0, **much: Any) -> list[SubsetRow]:
    settings = image_rank.Settings.model_validate({"strategy": "image_rank", **much})
    return sample(rows, SampleSettings(sample=settings, seed=seed))


def images_of(rows: list[Conversation], chosen: list[SubsetRow]) -> set[str]:
    numbers = {each.row for each in chosen}
    return {digest for each in rows if each.row in numbers for digest in image_digests(each)}


def without(folder: Path, rows: list[Conversation], *subsets: list[SubsetRow]) -> list[Conversation]:
    paths = [folder / f"{number}.parquet" for number in range(len(subsets))]
    for path, subset in zip(paths, subsets, strict=True):
        write_subset(path, subset)
    return apart_from(held_out(paths, []), rows)


@given(SHOWS, st.floats(0.05, 1.0), st.integers(0, 3))
def test_whole_images_are_chosen_and_subsets_nest(shows: list[set[str]], fraction: float, seed: int) -> None:
    rows = table(shows)
    count = max(1, int(len(rows) * fraction))
    chosen, more = ranked(rows, seed, count=count), ranked(rows, seed, count=min(len(rows), count + 1))
    inside, numbers = images_of(rows, chosen), {each.row for each in chosen}
    assert not any(inside & set(image_digests(each)) for each in rows if each.row not in numbers)
    assert numbers <= {each.row for each in more} and len(chosen) >= count
    assert chosen == ranked(rows[::-1], seed, count=count)[::-1]  # the order of the rows decides nothing


@given(SHOWS, st.integers(1, 8), st.integers(0, 3))
def test_no_image_is_in_a_subset_and_in_one_that_holds_it_out(
    tmp_path_factory: pytest.TempPathFactory, shows: list[set[str]], count: int, seed: int
) -> None:
    rows = table(shows)
    held = ranked(rows, seed, count=min(count, len(rows) - 1))
    if len(held) == len(rows):
        return  # all rows are joined by their images
    remaining = without(tmp_path_factory.mktemp("held"), rows, held)
    assert not images_of(rows, held) & {digest for each in remaining for digest in image_digests(each)}
    assert {each.row for each in remaining} | {each.row for each in held} == {each.row for each in rows}


@given(SHOWS, st.data())
def test_a_subset_of_single_rows_holds_out_all_rows_about_their_images(
    tmp_path_factory: pytest.TempPathFactory, shows: list[set[str]], data: st.DataObject
) -> None:
    rows = table([{"a"}, *shows, {"z"}])
    numbers = {0, *data.draw(st.sets(st.integers(0, len(rows) - 2)))}
    held = [
        SubsetRow(each.row, each.id, each.digest(), " ".join(pin for _, pin in each.images) or None)
        for each in rows
        if each.row in numbers
    ]
    remaining = without(tmp_path_factory.mktemp("held"), rows, held)
    shown = images_of(rows, held)
    assert [each.row for each in remaining] == [
        each.row for each in rows if each.row not in numbers and not shown & set(image_digests(each))
    ]


def test_an_image_under_another_pixel_rule_is_the_same_image(tmp_path: Path) -> None:
    rows = [row(0, ["a"]), row(1, ["A"]), row(2, ["b"])]
    assert [each.row for each in without(tmp_path, rows, ranked(rows[:1], count=1))] == [2]
    assert {each.row for each in ranked(rows, count=1)} in ({0, 1}, {2})


def test_tables_about_the_same_images_hold_out_the_same_ones() -> None:
    captions, questions = table([{each} for each in "abcdefgh"]), table([{each} for each in "hgfedcba" * 2])
    half = [images_of(rows, ranked(rows, 3, fraction=0.5)) for rows in (captions, questions)]
    assert half[0] == half[1] and len(half[0]) == 4


def test_another_seed_chooses_other_images() -> None:
    rows = table([{each} for each in "abcdefgh"])
    assert len({tuple(each.row for each in ranked(rows, seed, count=3)) for seed in range(10)}) > 1


def test_if_nothing_remains_the_error_names_the_key(tmp_path: Path) -> None:
    rows = table([{"a"}, {"a"}])
    with pytest.raises(PipelineError, match=r"(?s)all 2 rows.*`holdout`"):
        without(tmp_path, rows, ranked(rows, count=1))


def test_without_a_holdout_all_rows_remain() -> None:
    rows = table([{"a"}, set(), {"b", "c"}])
    assert apart_from(held_out([], []), rows) == rows


def test_images_that_a_benchmark_shows_are_left_out_even_in_another_size(tmp_path: Path) -> None:
    shelf = Fingerprinted(tmp_path)
    shelf.add("train", "jpeg", {f"{n}.jpg": encoded(picture(n), "JPEG", quality=95) for n in range(4)})
    copy = encoded(picture(1).resize((48, 32)), "JPEG", quality=70)
    shelf.add("test", "keep", {"same.jpg": encoded(picture(0), "JPEG", quality=95), "small.jpg": copy, "far.png": copy})
    asked = asked_of([about("same.jpg"), about("small.jpg")], shelf.images, 4)
    prints = {name: by_dataset(shelf, name) for name in ("train", "test")}
    shared = shared_images(asked, prints["train"], prints["test"])
    assert {each["kind"] for each in shared} == {"bytes", "near"}
    write_lines(tmp_path / "shared.jsonl", shared)
    rows = [shelf.row(n, f"train/{n}.jpg", "Which?") for n in range(4)]
    held = held_out([], [tmp_path / "shared.jsonl"])
    assert [each.row for each in apart_from(held, rows)] == [2, 3]


def by_dataset(shelf: Fingerprinted, name: str) -> dict[str, list[Fingerprint]]:
    pins = {shelf.images.row(path).pin for path in paths_of(shelf, name)}
    return {pin: list(rows) for pin, rows in shelf.prints.items() if pin in pins}


def paths_of(shelf: Shelf, name: str) -> list[str]:
    return [f"{name}/{path.name}" for path in (shelf.root / name).iterdir()]


def held_study(val: dict[str, Any] | None, half: dict[str, Any] | None) -> Study:
    tree = load_study(Path("studies/mini.yaml")).model_dump(mode="json")
    tree["subsets"]["val"] = {
        "table": "mini_instructions",
        "sample": {"strategy": "image_rank", "fraction": 0.1},
        "holdout": val,
    }
    tree["subsets"]["half"]["holdout"] = half
    return Study.model_validate(tree)


def test_a_subset_names_the_files_that_it_waits_for() -> None:
    study = held_study(None, {"subsets": ["val"], "benchmarks": ["pope"]})
    paths = Paths(study, "results")
    assert problems(study) == []
    assert paths.held_subsets("half") == ["val"] and paths.held_subsets("full") == []
    assert paths.shared_images("half") == ["results/shared/mini_instructions/pope"]


@pytest.mark.parametrize(
    ("val", "half", "message"),
    [
        (None, {"subsets": ["vall"]}, "no such subset"),
        (None, {"benchmarks": ["popee"]}, "no such benchmark"),
        (None, {"subsets": ["half"]}, "wait for it"),
        ({"subsets": ["half"]}, {"subsets": ["val"]}, "wait for it"),
    ],
)
def test_a_holdout_that_cannot_be_is_refused(val: Any, half: Any, message: str) -> None:
    assert any(message in problem.what for problem in problems(held_study(val, half)))
