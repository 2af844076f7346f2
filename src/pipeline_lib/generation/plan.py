"""Which questions are asked together: those about equal images share the beginning of their prompts."""

from dataclasses import dataclass, field
from itertools import chain
from typing import Hashable, Iterable, Sequence

ROW_TOKENS = 256  # questions of a row beyond these, and beyond what they share, continue in another row


@dataclass(frozen=True)
class Window:
    """How far back the tokens of a model see, and how long its answers may be; both in tokens."""

    tokens: int
    answer: int

    def holds(self, row: "Row") -> bool:
        """Return whether all tokens of a row with its answers see each other."""
        return row.length + len(row.rest) * self.answer <= self.tokens


@dataclass(frozen=True)
class Prompt:
    """The token ids of a question, the identities of its images, and how many ids end with the last image."""

    ids: list[int]
    images: tuple[Hashable, ...] = ()
    images_end: int = 0


@dataclass(frozen=True)
class Row:
    """Questions about the same images: the ids that all begin with, and by number of question the ids that follow."""

    images_end: int
    shared: list[int]
    rest: dict[int, list[int]] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Return how many tokens the questions have after what they share."""
        return sum(map(len, self.rest.values()))

    @property
    def length(self) -> int:
        """Return how many tokens the row has before anything is answered."""
        return len(self.shared) + self.asked


def plan(prompts: Sequence[Prompt], tokens: int, window: Window | None = None) -> list[list[Row]]:
    """Return the questions as batches of rows; a batch has about `tokens` tokens, one row at least.

    The rows of a batch share equally many tokens, so that nothing pads them before their questions. A question that a
    window does not hold is a batch by itself. Rows about the same images follow each other; those without images come
    last, short ones before long ones.
    """
    groups: dict[Hashable, list[int]] = {}
    for number, prompt in enumerate(prompts):
        groups.setdefault((prompt.images, *prompt.ids[: prompt.images_end]), []).append(number)
    alike = [list(_rows(numbers, prompts, window)) for numbers in groups.values()]
    alike.sort(key=lambda rows: (not rows[0].images_end, rows[0].length, min(rows[0].rest)))
    batches: list[list[Row]] = []
    for row in chain.from_iterable(alike):
        if batches and _fits([*batches[-1], row], tokens, window):
            batches[-1].append(row)
        else:
            batches.append([row])
    return [_level(batch) for batch in batches]


def _rows(numbers: list[int], prompts: Sequence[Prompt], window: Window | None) -> Iterable[Row]:
    """Yield the rows of the questions that have the same images."""
    ids = [prompts[number].ids for number in numbers]
    shared = _beginning(ids)[: min(map(len, ids)) - 1]  # every question has a token of its own
    most = max(len(shared), ROW_TOKENS)
    row = Row(prompts[numbers[0]].images_end, shared)
    for number in numbers:
        rest = {number: prompts[number].ids[len(shared) :]}
        longer = Row(row.images_end, shared, row.rest | rest)
        if row.rest and (longer.asked > most or (window and not window.holds(longer))):
            yield row
            longer = Row(row.images_end, shared, rest)
        row = longer
    yield row


def _beginning(sequences: list[list[int]]) -> list[int]:
    """Return what all sequences begin with."""
    first, last = min(sequences), max(sequences)
    differing = (position for position, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(differing, len(first))]


def _fits(rows: list[Row], tokens: int, window: Window | None) -> bool:
    """Return whether these rows can be a batch."""
    alike = bool(rows[0].images_end) == bool(rows[-1].images_end)
    shared = min(len(row.shared) for row in rows)
    if not alike or any(row.images_end > shared for row in rows):
        return False
    levelled = _level(rows)  # in which a row may be longer
    within = len(rows) * max(row.length for row in levelled) <= tokens
    return within and (window is None or all(map(window.holds, levelled)))


def _level(batch: list[Row]) -> list[Row]:
    """Return the rows sharing equally many tokens; what a row shares beyond that goes to each of its questions."""
    shared = min(len(row.shared) for row in batch)
    return [
        Row(row.images_end, row.shared[:shared], {each: row.shared[shared:] + ids for each, ids in row.rest.items()})
        for row in batch
    ]
