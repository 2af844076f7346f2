"""The training curve: loss, learning rate and gradient norm of every step, as CSV for `dvc plots`."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

HEADER = ("step", "loss", "learning_rate", "gradient_norm")


class Step(NamedTuple):
    """One optimiser step: the batch's mean loss, the learning rate, the gradient's norm before clipping."""

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float


def steps_of(log: list[dict[str, Any]]) -> list[Step]:
    """Return the steps of a trainer's log history."""
    rows = [row for row in log if "loss" in row]
    return [
        Step(int(row["step"]), float(row["loss"]), float(row["learning_rate"]), float(row.get("grad_norm", 0.0)))
        for row in rows
    ]


def write_curve(path: Path, steps: list[Step]) -> None:
    """Write the steps as CSV; a training without steps has the header alone."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(steps)


def read_curve(path: Path) -> list[Step]:
    """Return the steps of a curve's CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return [Step(int(step), *map(float, values)) for step, *values in rows]
