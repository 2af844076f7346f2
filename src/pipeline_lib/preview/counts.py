"""Counts of a training's conversations: tokens, trained tokens and tokens cut off, of every row and in total."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterator

from pipeline_lib.conversations.table import Conversation

if TYPE_CHECKING:
    from pipeline_lib.models.encoded import Encoded

BINS = 32  # most bins of a histogram
# What templates write between turns: in the text of a turn, it may end the turn or begin another speaker's.
TEMPLATE_WORDS = (
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<|im_start|>", "<|im_end|>", "###"),
    *("USER:", "ASSISTANT:", "Human:", "Assistant:"),
)
SHARES = {"least": 0.0, "tenth": 0.1, "median": 0.5, "nine_tenths": 0.9, "most": 1.0}


@dataclass(frozen=True)
class RowCount:
    """The numbers of tokens of one row: all, trained, cut off, and those of its images.

    `first` is the position of the first token to train, if the row is cut before it, else None; `controls` are the
    control words in its turns.
    """

    row: int
    id: str
    tokens: int
    trained: int
    lost: int
    image: int
    first: int | None
    controls: tuple[str, ...] = ()


def count_row(row: Conversation, encoded: "Encoded", image_id: int, control_words: tuple[str, ...] = ()) -> RowCount:
    """Return the counts of a row; `control_words` are the tokenizer's."""
    image, trained = encoded.whole_ids.count(image_id), encoded.trained
    first = None if trained else encoded.first
    controls = controls_in(row, control_words)
    return RowCount(row.row, row.id, len(encoded.whole_ids), trained, encoded.lost, image, first, controls)


def controls_in(row: Conversation, control_words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the control words in the turns of a row, those of its tokenizer and of any template."""
    text = "\n".join(turn["value"] for turn in row.conversations)
    return tuple(word for word in dict.fromkeys((*control_words, *TEMPLATE_WORDS)) if word in text)


def untrained_rows(counts: list[RowCount]) -> list[RowCount]:
    """Return the rows without a trained token."""
    return [count for count in counts if not count.trained]


def totals(counts: list[RowCount]) -> dict[str, Any]:
    """Return the sums over all rows and the distributions of their tokens, as JSON values."""
    untrained = untrained_rows(counts)
    return {
        "rows": len(counts),
        "with_image": sum(count.image > 0 for count in counts),
        "tokens": sum(count.tokens for count in counts),
        "trained_tokens": sum(count.trained for count in counts),
        "image_tokens": sum(count.image for count in counts),
        "untrained": {
            "rows": len(untrained),
            "cut": sum(count.first is not None for count in untrained),
            "silent": sum(count.first is None for count in untrained),
        },
        "truncated": {
            "rows": sum(count.lost > 0 for count in counts),
            "tokens": sum(count.lost for count in counts),
            "most": max((count.lost for count in counts), default=0),
        },
        "control_words": _by_word(counts),
        "lengths": {name: _quantile([count.tokens for count in counts], share) for name, share in SHARES.items()},
        "histogram": histogram([count.tokens for count in counts]),
    }


def histogram(values: list[int]) -> list[list[int]]:
    """Return [first value, count] of at most BINS bins of equal, round width covering all values; some may be empty."""
    if not values:
        return []
    low, high = min(values), max(values)
    width = next(width for width in _widths() if high // width - low // width < BINS)
    bins = Counter(value // width for value in values)
    return [[index * width, bins[index]] for index in range(low // width, high // width + 1)]


def _by_word(counts: list[RowCount]) -> dict[str, int]:
    """Return the number of rows that contain each control word, the most frequent first."""
    return dict(Counter(word for count in counts for word in count.controls).most_common())


def _widths() -> Iterator[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def _quantile(values: list[int], share: float) -> int:
    """Return the quantile `share` of the values, rounded to one of them; 0 without values."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else 0
