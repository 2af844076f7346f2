"""Means of losses over rows, with intervals; a mean over tokens weights long answers more than one over rows."""

import math
from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.scoring.bootstrap import cluster_sums, intervals

SCHEMA = 1
DIGITS = 10  # decimals written, as in scores


@dataclass(frozen=True)
class RowLoss:
    """The loss of a row, summed over its trained tokens, and their number."""

    row: Conversation
    loss: float
    tokens: int


def report(losses: Sequence[RowLoss], left_out: int, seed: int) -> dict[str, Any]:
    """Return the mean loss per trained token, and per row, in nats, with 95 % intervals.

    The bootstrap draws all rows about the same images as a whole. `left_out` rows have no trained token. Raises
    PipelineError without any row, and for a loss that is not finite.
    """
    wrong = [each.row.row for each in losses if not math.isfinite(each.loss)]
    if not losses or wrong:
        what = "the loss of a row is not finite" if wrong else "no row has a trained token"
        raise PipelineError(what, value=f"row {wrong[0]}" if wrong else f"{left_out} rows")
    tallies = np.array([[each.loss, each.tokens, each.loss / each.tokens, 1.0] for each in losses])
    sums = cluster_sums(tallies, [_cluster(each.row) for each in losses])
    bounds = intervals(sums, _means, derive_seed(seed, "validate"))
    return {
        "schema": SCHEMA,
        "rows": len(losses),
        "left_out": left_out,
        "tokens": sum(each.tokens for each in losses),
        **{name: round(float(value), DIGITS) for name, value in _means(sums.sum(axis=0)).items()},
        "interval": {name: both and [round(bound, DIGITS) for bound in both] for name, both in bounds.items()},
    }


def _means(sums: NDArray[np.float64]) -> dict[str, Any]:
    return {"loss": sums[..., 0] / sums[..., 1], "loss_per_row": sums[..., 2] / sums[..., 3]}


def _cluster(row: Conversation) -> str:
    return " ".join(pin for _, pin in row.images) or f"row {row.row}"
