"""Which questions are asked together: every token once, images whole and shared, no row longer than it may be."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.generation.keys import PADDING, Keys, Token
from pipeline_lib.generation.plan import ROW_TOKENS, Prompt, Row, Window, plan

IMAGE = 9  # the id of an image's tokens


def prompt(words: list[int], image: str | None = None, before: int = 1) -> Prompt:
    """Return a prompt of some words, after an image of three tokens if it has one."""
    beginning = [1] * before + [IMAGE] * 3
    return Prompt([1, *words]) if image is None else Prompt([*beginning, *words], (image,), len(beginning))


WORDS = st.lists(st.integers(2, 4), min_size=1, max_size=6)
PROMPTS = st.lists(st.builds(prompt, WORDS, st.sampled_from([None, "a", "b", "c"]), st.integers(1, 2)), max_size=12)


def asked(rows: list[Row]) -> dict[int, list[int]]:
    """Return the whole prompts of some rows."""
    return {number: [*row.shared, *ids] for row in rows for number, ids in row.rest.items()}


@given(prompts=PROMPTS, tokens=st.sampled_from([1, 8, 20, 10_000]), window=st.sampled_from([None, 6, 12, 30]))
@settings(max_examples=300, deadline=None)
def test_every_question_is_asked_once_whatever_is_asked_with_it(
    prompts: list[Prompt], tokens: int, window: int | None
) -> None:
    batches = plan(prompts, tokens, None if window is None else Window(window, 2))
    rows = [row for batch in batches for row in batch]
    numbers = [number for row in rows for number in row.rest]
    assert sorted(numbers) == list(range(len(prompts)))
    assert asked(rows) == {number: each.ids for number, each in enumerate(prompts)}
    for batch in batches:
        assert len({len(row.shared) for row in batch}) == len({bool(row.images_end) for row in batch}) == 1
        assert len(batch) == 1 or len(batch) * max(row.length for row in batch) <= tokens
        for row in batch:
            assert all(row.rest.values()) and len(row.shared) >= row.images_end
            assert len({prompts[number].images for number in row.rest}) == 1
            assert window is None or len(batch) == len(row.rest) == 1 or row.length + 2 * len(row.rest) <= window


def test_questions_about_equal_images_are_one_row() -> None:
    prompts = [prompt([2, 3], "a"), prompt([2, 4], "b"), prompt([2, 4], "a"), prompt([2, 2])]
    ((other, pictured), (text,)) = plan(prompts, 10_000)
    assert asked([pictured]).keys() == {0, 2} and pictured.shared == [1, IMAGE, IMAGE, IMAGE, 2]
    assert other.rest.keys() == {1} and text.rest.keys() == {3}


def test_a_batch_keeps_to_the_tokens_also_where_a_row_gives_up_what_it_shares() -> None:
    prompts = [prompt([2], "a"), prompt([2, 2], "b"), prompt([2, 2, 2, 2], "b")]  # "b" shares a word, and "a" none
    assert [len(batch) for batch in plan(prompts, 19)] == [1, 1] and [len(batch) for batch in plan(prompts, 20)] == [2]
    assert [len(batch) for batch in plan(prompts, 100, Window(11, 1))] == [1, 1]


def test_a_row_does_not_outgrow_what_its_questions_share() -> None:
    prompts = [prompt([number + 10] * 100, "a") for number in range(5)]
    ((first, second, third),) = plan(prompts, 10_000)
    assert [len(row.rest) for row in (first, second, third)] == [2, 2, 1] and first.asked <= ROW_TOKENS


def test_a_token_sees_what_is_shared_and_its_own_question_up_to_itself() -> None:
    keys = Keys(rows=1, shared=2, device=torch.device("cpu"))
    entered = keys.enter([[Token(5, 40, 2), Token(7, 41, 2), Token(7, 42, 3)]])
    assert entered.ids.tolist() == [[40, 41, 42]] and entered.positions.tolist() == [[2, 2, 3]]
    assert entered.visible[0, 0].int().tolist() == [[1, 1, 1, 0, 0], [1, 1, 0, 1, 0], [1, 1, 0, 1, 1]]
    assert keys.enter([[Token(7, 43, 4)]]).visible[0, 0].int().tolist() == [[1, 1, 0, 1, 1, 1]]


def test_no_question_sees_padding_and_padding_sees_something() -> None:
    keys = Keys(rows=2, shared=0, device=torch.device("cpu"))
    entered = keys.enter([[Token(0, 40, 0), Token(0, 41, 1)], [Token(1, 42, 0)]])
    assert entered.visible[1, 0].int().tolist() == [[1, 0], [0, 1]] and entered.ids.tolist()[1] == [42, 0]
    assert keys.enter([[], [Token(1, 43, 1)]]).visible[1, 0].int().tolist() == [[1, 0, 1]]
    assert PADDING < 0
