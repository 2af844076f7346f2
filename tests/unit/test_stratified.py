"""Stratified subsets and subsets by length: exact shares, nesting where the quotas nest, the same on every machine."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.conversations.sample import SampleSettings, sample
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.sampling.base import quotas
from pipeline_lib.sampling.digest_rank import rank
from pipeline_lib.sampling.stratified import modality, origin

SIZES = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1)


def row(number: int, image: str | list[str] | None, *turns: str) -> Conversation:
    """Return a row whose turns alternate between the speakers."""
    pins = ["a pin"] * len(image) if isinstance(image, list) else image and "a pin"
    turns = turns or ("Q", "A")
    speakers = ("human", "gpt") * len(turns)
    conversation = [{"from": speaker, "value": turn} for speaker, turn in zip(speakers, turns, strict=False)]
    return Conversation(number, str(number), image, pins, conversation)


def mix(sizes: dict[str, int]) -> list[Conversation]:
    """Return rows about images in folders of these names, that many of each."""
    folders = [folder for folder, size in sizes.items() for _ in range(size)]
    return [row(number, f"{folder}/train/{number}.jpg") for number, folder in enumerate(folders)]


def chosen(rows: list[Conversation], strategy: str, seed: int = 0, **more: Any) -> list[int]:
    settings = load("sampling", strategy).Settings.model_validate({"strategy": strategy, **more})
    return [chosen_row.row for chosen_row in sample(rows, SampleSettings(sample=settings, seed=seed))]


def counts(rows: list[Conversation], numbers: list[int]) -> Counter[str]:
    return Counter(origin(row) for row in rows if row.row in set(numbers))


@given(SIZES, st.integers(0, 40))
def test_quotas_add_up_and_are_the_share_rounded_up_or_down(sizes: dict[str, int], count: int) -> None:
    total = sum(sizes.values())
    count = min(count, total)
    shares = quotas(sizes, count)
    assert sum(shares.values()) == count and shares.keys() == sizes.keys()
    for name, quota in shares.items():
        assert sizes[name] * count // total <= quota <= -(-sizes[name] * count // total)


@given(SIZES, st.data())
def test_every_origin_has_its_share_of_the_lowest_digests(sizes: dict[str, int], data: st.DataObject) -> None:
    rows = mix(sizes)
    count = data.draw(st.integers(1, len(rows)))
    taken = chosen(rows, "stratified", seed=3, count=count)
    assert counts(rows, taken) == {f"{name}/": n for name, n in quotas(sizes, count).items() if n}
    for name in sizes:
        ranked = sorted((r.row for r in rows if origin(r) == f"{name}/"), key=lambda number: rank(3, number))
        of_this = [number for number in ranked if number in taken]
        assert of_this == ranked[: len(of_this)]


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_with_two_groups_subsets_nest(first: int, second: int, data: st.DataObject) -> None:
    rows = mix({"coco": first, "gqa": second})
    count = data.draw(st.integers(1, len(rows) - 1))
    assert set(chosen(rows, "stratified", count=count)) <= set(chosen(rows, "stratified", count=count + 1))


def test_with_three_groups_one_may_lose_a_row_as_alabama_did() -> None:
    sizes = {"a": 3, "b": 7, "c": 90}
    assert [quotas(sizes, count) for count in (49, 51)] == [{"a": 2, "b": 3, "c": 44}, {"a": 1, "b": 4, "c": 46}]
    rows = mix(sizes)
    smaller, larger = (set(chosen(rows, "stratified", count=count)) for count in (49, 51))
    assert len(smaller - larger) == 1


def test_half_of_groups_of_even_size_nests_in_all_of_them() -> None:
    rows = mix({"coco": 20, "gqa": 12, "vg": 8})
    quarter, half = (set(chosen(rows, "stratified", fraction=share)) for share in (0.25, 0.5))
    assert quarter <= half and counts(rows, list(half)) == {"coco/": 10, "gqa/": 6, "vg/": 4}


def test_rows_without_image_and_with_several_are_groups() -> None:
    rows = [row(0, None), row(1, "text/1.jpg"), row(2, ["b/2.jpg", "c/2.jpg"]), row(3, "3.jpg")]
    assert [origin(each) for each in rows] == ["text", "text/", "b/", ""]
    assert [modality(each) for each in rows] == ["text", "image", "images", "image"]
    rows = [row(number, None if number < 30 else f"coco/{number}.jpg") for number in range(40)]
    assert sum(number < 30 for number in chosen(rows, "stratified", by="modality", fraction=0.5)) == 15


def test_the_longest_answers_are_taken_and_nest() -> None:
    rows = [row(number, None, "Why? " * (9 - number), "x" * (number // 2)) for number in range(10)]
    assert chosen(rows, "length", count=4) == [6, 7, 8, 9]
    assert chosen(rows, "length", count=2, by="characters") == [0, 1]
    (of_a_tie,) = chosen(rows, "length", count=1, seed=5)
    assert of_a_tie == min((8, 9), key=lambda number: rank(5, number))
    rows.append(row(10, None, "a", "b", "c", "d"))
    assert chosen(rows, "length", count=1, by="turns") == [10]


@given(st.lists(st.integers(0, 50), min_size=20, max_size=60))
def test_a_spread_of_lengths_has_as_many_of_every_tenth(lengths: list[int]) -> None:
    rows = [row(number, None, "Q", "x" * length) for number, length in enumerate(lengths)]
    taken = chosen(rows, "length", keep="spread", groups=2, fraction=0.5)
    middle = sorted(lengths, reverse=True)[(len(rows) + 1) // 2 - 1]
    longer = sum(lengths[number] > middle for number in taken)
    assert len(taken) == len(rows) // 2 and longer <= (len(rows) + 3) // 4


@pytest.mark.parametrize("strategy", ["stratified", "length"])
def test_a_subset_of_no_row_or_of_too_many_is_refused(strategy: str) -> None:
    for much in ({"count": 3}, {"fraction": 0.4}):
        with pytest.raises(PipelineError, match=r"cannot take \d of 2 rows"):
            chosen(mix({"coco": 2}), strategy, **much)
    with pytest.raises(ValueError, match="either fraction or count"):
        chosen(mix({"coco": 2}), strategy)


@pytest.mark.parametrize("strategy", ["stratified", "length"])
def test_a_rehearsal_takes_the_same_share(strategy: str) -> None:
    settings = load("sampling", strategy).Settings.model_validate({"strategy": strategy, "count": 50})
    assert settings.rehearsed(200).number_of(200) == 50 and settings.rehearsed(10).number_of(10) == 10
    assert settings.rehearsed(None).number_of(3) == 3
