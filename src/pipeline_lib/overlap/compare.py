"""The overlap stage: compare the questions of a benchmark and their images with the rows of subsets."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.overlap.asked import Asked
from pipeline_lib.overlap.images import KINDS, ImageMatch, SeenImage, image_matches
from pipeline_lib.overlap.prints import Prints
from pipeline_lib.overlap.rows import QUESTION, OverlapRow
from pipeline_lib.overlap.texts import asked_by, forms

SCHEMA = 1


@dataclass(frozen=True)
class SubsetOverlap:
    """The overlap of a benchmark with one subset: its rows, and their counts."""

    rows: list[OverlapRow]
    counts: dict[str, int]


def compare(asked: Asked, name: str, conversations: list[Conversation], prints: Prints) -> SubsetOverlap:
    """Return how a benchmark overlaps with the conversations of the subset `name`.

    A question has at most one row for its images, that of the strongest kind, and at most one for its text.
    """
    seen = _seen_images(conversations)
    matches = image_matches(sorted(set(asked.pins.values())), seen, prints, asked.near)
    texts = _rows_by_text(conversations, {form for question in asked.questions for form in asked_by(question)})
    rows = [row for question in asked.questions for row in _rows(question, name, asked.pins, matches, texts)]
    kinds = Counter(row.kind for row in rows)
    images = Counter(match.kind for match in matches.values())
    counts = {
        "rows": len(conversations),
        "images": len(seen),
        **{kind: kinds[kind] for kind in (*KINDS, QUESTION)},
        **{f"images_{kind}": images[kind] for kind in KINDS},
    }
    return SubsetOverlap(rows, counts)


def report(benchmark: str, protocol: str, asked: Asked, counts: Mapping[str, dict[str, int]]) -> dict[str, Any]:
    """Return the table of a benchmark: how many questions and images each subset affects, by kind of overlap."""
    return {
        "schema": SCHEMA,
        "benchmark": benchmark,
        "protocol": protocol,
        "questions": len(asked.questions),
        "images": len(set(asked.pins.values())),
        "near": asked.near,
        "subsets": dict(counts),
    }


def _seen_images(conversations: Iterable[Conversation]) -> list[SeenImage]:
    """Return every image of some rows once, with the first row that shows it."""
    seen: dict[str, SeenImage] = {}
    for conversation in conversations:
        for path, pin in conversation.images:
            seen.setdefault(pin, SeenImage(path, pin, conversation.row))
    return list(seen.values())


def _rows_by_text(conversations: Iterable[Conversation], wanted: set[str]) -> dict[str, int]:
    """Return the first row whose user asks each wanted text; a row's other texts are not stored."""
    rows: dict[str, int] = {}
    for conversation in conversations:
        for form in forms(turn["value"] for turn in conversation.conversations[::2]):
            if form in wanted:
                rows.setdefault(form, conversation.row)
    return rows


def _rows(
    question: Question, subset: str, pins: Mapping[str, str], matches: Mapping[str, ImageMatch], texts: dict[str, int]
) -> Iterator[OverlapRow]:
    matched = [(image, matches[pins[image]]) for image in question.images if pins.get(image) in matches]
    if matched:
        image, match = min(matched, key=lambda pair: (KINDS.index(pair[1].kind), pair[1].distance))
        seen = match.seen
        yield OverlapRow(question.id, subset, match.kind, seen.row, image, seen.path, match.distance)
    equal = [texts[form] for form in asked_by(question) if form in texts]
    if equal:
        yield OverlapRow(question.id, subset, QUESTION, min(equal))
