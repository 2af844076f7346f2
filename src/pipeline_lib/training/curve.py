"""The training curve: loss, learning rate and gradient norm of every step, as CSV for `dvc plots`."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

from pipeline_lib.core.errors import PipelineError

HEADER = ("step", "loss", "learning_rate", "gradient_norm")
VALIDATED = ("validation_loss", "validation_accuracy", "validation_mae")  # further columns, if rows are validated


class Validated(NamedTuple):
    """Means over the validation rows: the loss, the share of right classes, the distance from the right class."""

    loss: float
    accuracy: float
    mae: float


class Step(NamedTuple):
    """One optimiser step: the batch's mean loss, the learning rate, the gradient's norm before clipping.

    The last step of an epoch has what was measured after it, if the training has rows for validation.
    """

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    validated: Validated | None = None


def steps_of(log: list[dict[str, Any]]) -> list[Step]:
    """Return the steps of a trainer's log history."""
    rows, validated = [row for row in log if "loss" in row], validated_of(log)
    return [
        Step(
            int(row["step"]),
            float(row["loss"]),
            float(row["learning_rate"]),
            float(row.get("grad_norm", 0.0)),
            validated.get(int(row["step"])),
        )
        for row in rows
    ]


def validated_of(log: list[dict[str, Any]]) -> dict[int, Validated]:
    """Return what was measured on validation rows, by step."""
    return {int(row["step"]): Validated(*(row[name] for name in VALIDATED)) for row in log if VALIDATED[0] in row}


def best_step(validated: dict[int, Validated], by: str) -> int | None:
    """Return the step with the lowest loss or mean error, or the highest accuracy: the first of equal ones."""
    sign = -1 if by == "accuracy" else 1
    return min(validated, key=lambda step: (sign * getattr(validated[step], by), step), default=None)


def write_curve(path: Path, steps: list[Step]) -> None:
    """Write the steps as CSV; a training without steps has the header alone."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        columns = any(step.validated for step in steps)
        writer.writerow([*HEADER, *(VALIDATED if columns else ())])
        blank = [""] * (len(VALIDATED) if columns else 0)
        writer.writerows([*step[:4], *(step.validated or blank)] for step in steps)


def read_curve(path: Path) -> list[Step]:
    """Return the steps of a curve's CSV file; PipelineError for a file that no training wrote, or wrote completely."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        if tuple(header[: len(HEADER)]) != HEADER:
            raise ValueError(f"its columns are {header}")
        return [_step(*row) for row in rows]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        cure = "restore it, or delete the manifest beside it and run again"
        raise PipelineError("this curve cannot be read", where=path, value=str(error), cure=cure) from error


def _step(step: str, loss: str, rate: str, norm: str, *further: str) -> Step:
    measured = Validated(*map(float, further)) if any(further) else None
    return Step(int(step), float(loss), float(rate), float(norm), measured)
