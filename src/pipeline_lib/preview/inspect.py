"""The inspect stage: tokenise and count every conversation of a training, show some of them, and give a verdict."""

from dataclasses import dataclass
from typing import Any, cast

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.models.encode import control_words
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Sizes, Tokens, load_family
from pipeline_lib.preview.counts import RowCount, count_row, totals, untrained_rows
from pipeline_lib.preview.highlights import parts_of
from pipeline_lib.preview.settings import InspectSettings
from pipeline_lib.preview.verdict import Verdict, verdict
from pipeline_lib.prompts.base import Template

SCHEMA = 2
SHOWN = 20  # random rows of a page
FAULTY = 5  # further rows per group: cut, without a trained token, with control words


@dataclass(frozen=True)
class Inspected:
    """The report, for the user, and the verdict, for the training."""

    report: dict[str, Any]
    verdict: Verdict


def inspect(
    rows: list[Conversation], tokens: Tokens, settings: InspectSettings, sizes: Sizes, sample_size: int = SHOWN
) -> Inspected:
    """Return the counts of all rows and the verdict on them, with `sample_size` rows drawn by the study's seed.

    `sizes` returns the size of an image by its path.
    """
    template = cast(Template, load("prompts", settings.template))
    rules = RowRules(template, settings.max_length, settings.as_original)
    encode_row = load_family(tokens.family).encode_row
    image, words = tokens.image_id, control_words(tokens.tokenizer)
    counts = [count_row(row, encode_row(tokens, row, rules, sizes), image, words) for row in rows]
    by_row = {row.row: row for row in rows}
    groups = {
        "drawn": drawn([row.row for row in rows], sample_size, settings.seed),
        "untrained": [count.row for count in untrained_rows(counts)][:FAULTY],
        "truncated": [count.row for count in _most_cut(counts)],
        "control_words": [count.row for count in counts if set(count.controls) & set(words)][:FAULTY],
    }
    report = {
        "schema": SCHEMA,
        "template": settings.template,
        "max_length": settings.max_length,
        "image_tokens": tokens.per_image,
        "obeyed": settings.as_original,
        "allowed": settings.untrained,
        "counts": totals(counts),
        "untrained_rows": [
            {"row": count.row, "id": count.id, "reason": "silent" if count.first is None else "cut"}
            for count in untrained_rows(counts)
        ],
        "shown": {
            name: [_shown(by_row[row], encode_row(tokens, by_row[row], rules, sizes), tokens) for row in chosen]
            for name, chosen in groups.items()
        },
    }
    decision = verdict(counts, settings)
    return Inspected({**report, "refused": decision["refused"]}, decision)


def drawn(rows: list[int], number: int, seed: int) -> list[int]:
    """Return at most `number` of the rows, sorted: those with the smallest digests under the seed."""
    chosen = sorted(rows, key=lambda row: derive_seed(seed, "preview", str(row)))[:number]
    return sorted(chosen)


def _most_cut(counts: list[RowCount]) -> list[RowCount]:
    """Return the rows with the most tokens cut off, of those that still have trained tokens."""
    cut = [count for count in counts if count.lost and count.trained]
    return sorted(cut, key=lambda count: (-count.lost, count.row))[:FAULTY]


def _shown(row: Conversation, encoded: Encoded, tokens: Tokens) -> dict[str, Any]:
    return {
        "row": row.row,
        "id": row.id,
        "images": [path for path, _ in row.images],
        "tokens": len(encoded.whole_ids),
        "trained": encoded.trained,
        "lost": encoded.lost,
        "parts": parts_of(encoded, tokens.tokenizer, tokens.image_id),
    }
