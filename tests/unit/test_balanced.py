"""Balanced subsets: as many rows of every label, the same on every machine, and errors that name the scarce labels."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.conversations.sample import SampleSettings, sample
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.sampling import balanced, digest_rank


def table(*labels: str) -> list[Conversation]:
    """Return a row of a radiograph for every label."""
    return [
        Conversation(
            number,
            str(number),
            f"train/{label}/{number}.png",
            "a pin",
            [{"from": "human", "value": "<image>\nWhich grade?"}, {"from": "gpt", "value": f" Grade {label}"}],
        )
        for number, label in enumerate(labels)
    ]


def chosen(rows: list[Conversation], per_label: int, seed: int = 0, **more: str) -> list[int]:
    settings = balanced.Settings.model_validate({"strategy": "balanced", "per_label": per_label, **more})
    return [row.row for row in sample(rows, SampleSettings(sample=settings, seed=seed))]


@given(st.lists(st.sampled_from("01234"), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 3))
def test_every_label_has_as_many_rows_and_subsets_nest(labels: list[str], per_label: int, seed: int) -> None:
    rows = table(*labels)
    smaller, larger = (chosen(rows, count, seed, scarce="take_all") for count in (per_label, per_label + 1))
    counts = Counter(labels)
    assert Counter(labels[row] for row in smaller) == {label: min(per_label, n) for label, n in counts.items()}
    assert set(smaller) <= set(larger) and smaller == sorted(smaller)


def test_the_rows_of_a_label_are_those_that_rank_lowest() -> None:
    rows = table(*"0101010101")
    expected = sorted((row.row for row in rows[::2]), key=lambda row: digest_rank.rank(7, row))[:2]
    assert [row for row in chosen(rows, 2, seed=7) if row % 2 == 0] == sorted(expected)


def test_the_label_may_be_the_answer() -> None:
    rows = table(*"0123" * 3)
    assert chosen(rows, 2, label="answer") == chosen(rows, 2, label="folder")


def test_long_answers_that_begin_alike_are_different_labels() -> None:
    rows = [
        replace(
            row,
            conversations=[row.conversations[0], {"from": "gpt", "value": "The most likely " * 9 + str(row.row % 2)}],
        )
        for row in table(*"00000000")
    ]
    assert Counter(number % 2 for number in chosen(rows, 2, label="answer")) == {0: 2, 1: 2}


def test_a_scarce_label_is_named_with_its_count() -> None:
    with pytest.raises(PipelineError, match=r"(?s)takes 3 rows of every label.*'4': 1.*at most 1 per_label"):
        chosen(table(*"0000", "4"), 3)


def test_a_row_without_a_label_is_refused() -> None:
    (row,) = table("0")
    for image in ("1.png", None, ["a/1.png", "b/2.png"]):
        pins = ["x", "y"] if isinstance(image, list) else image
        other = Conversation(5, "5", image, pins, row.conversations)
        with pytest.raises(PipelineError, match=r"(?s)this row has no label.*row 5.*`label: answer`"):
            chosen([other], 1)


def test_a_rehearsal_takes_what_there_is() -> None:
    settings = balanced.Settings.model_validate({"strategy": "balanced", "per_label": 100})
    rows = table(*"0112")
    assert len(sample(rows, SampleSettings(sample=settings.rehearsed(None), seed=0))) == 4
