"""The report_subset stage: what a subset has of its table, by origin, images and lengths, and what of other subsets."""

from collections import Counter
from statistics import mean
from typing import Any, Collection, Mapping, Sequence

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.settings import Settings
from pipeline_lib.sampling.length import length_of
from pipeline_lib.sampling.stratified import origin

SCHEMA = 1
SHARES = {"least": 0.0, "tenth": 0.1, "quarter": 0.25, "median": 0.5, "three_quarters": 0.75, "nine_tenths": 0.9}
LENGTHS = ("answer_characters", "characters", "turns")

Report = dict[str, Any]


class ReportSettings(Settings):
    """The settings of one report_subset job: none."""


def report(table: Sequence[Conversation], chosen: Collection[int], others: Mapping[str, Collection[int]]) -> Report:
    """Return the counts of a table and of its chosen rows, and how many rows each other subset shares with them.

    `chosen` and `others` have the numbers of rows; the values are built-in types.
    """
    numbers = set(chosen)
    subset = [row for row in table if row.row in numbers]
    return {
        "schema": SCHEMA,
        "rows": _of_both(table, subset, len),
        "origins": _origins(table, subset),
        "images": _of_both(table, subset, _images),
        "lengths": {by: _of_both(table, subset, lambda rows, by=by: _lengths(rows, by)) for by in LENGTHS},
        "overlap": {
            name: {"rows": len(set(rows)), "common": len(numbers & set(rows))} for name, rows in sorted(others.items())
        },
    }


def _of_both(table: Sequence[Conversation], subset: Sequence[Conversation], count: Any) -> dict[str, Any]:
    return {"table": count(table), "subset": count(subset)}


def _origins(table: Sequence[Conversation], subset: Sequence[Conversation]) -> dict[str, dict[str, int]]:
    """Return the rows of every origin in the table and in the subset, the most frequent in the table first."""
    everywhere, chosen = Counter(map(origin, table)), Counter(map(origin, subset))
    names = sorted(everywhere, key=lambda name: (-everywhere[name], name))
    return {name: {"table": everywhere[name], "subset": chosen[name]} for name in names}


def _images(rows: Sequence[Conversation]) -> dict[str, int]:
    """Return the number of different images, and of rows with none and with several."""
    return {
        "different": len({path for row in rows for path, _ in row.images}),
        "rows_without": sum(not row.images for row in rows),
        "rows_with_several": sum(len(row.images) > 1 for row in rows),
    }


def _lengths(rows: Sequence[Conversation], by: str) -> dict[str, float]:
    """Return quantiles of the lengths of rows, each the length of a row, and their mean; nothing without rows."""
    ordered = sorted(length_of(row, by) for row in rows)
    if not ordered:
        return {}
    quantiles = {name: ordered[round(share * (len(ordered) - 1))] for name, share in SHARES.items()}
    return {**quantiles, "most": ordered[-1], "mean": round(mean(ordered), 2)}
