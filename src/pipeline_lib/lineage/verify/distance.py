"""How far two values, or two files of a known form, are apart: as a share of the largest number of their group."""

import csv
import math
from pathlib import Path
from typing import Any, Callable, Iterator

from pyarrow import parquet

from pipeline_lib.core.text import read_json, read_lines

Pair = tuple[Any, Any]


def distance(recorded: Any, remade: Any) -> float | None:
    """Return the largest difference of two JSON values; None if anything but a float differs.

    Floats of one field, in all rows of a list, are one group: each difference is a share of the group's largest size.
    """
    groups: dict[str, float] = {}
    differences: dict[str, float] = {}
    for name, one, other in _leaves(recorded, remade, ""):
        if not _are_floats(one, other):
            if type(one) is not type(other) or one != other:
                return None
        elif not (math.isnan(one) and math.isnan(other)):
            apart = math.inf if math.isnan(one) or math.isnan(other) else abs(one - other)
            groups[name] = max(groups.get(name, 0.0), abs(one))
            differences[name] = max(differences.get(name, 0.0), apart)
    return largest([share(differences[name], groups[name]) for name in groups])


def share(difference: float, size: float) -> float:
    """Return a difference as a share of a size; infinity where only one of them is 0 or one is no number."""
    if difference == 0:
        return 0.0
    return difference / size if size and not math.isnan(difference) else math.inf


def largest(shares: list[float]) -> float:
    """Return the largest of some shares, 0 without any."""
    return max(shares, default=0.0)


def _are_floats(one: Any, other: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other))
    return numbers and (isinstance(one, float) or isinstance(other, float))


def _leaves(one: Any, other: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the values without parts of two JSON values, with a name that is equal in all items of a list."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from _leaves(one[key], other[key], f"{name}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from _leaves(left, right, name)
    else:
        yield name, one, other


def file_distance(recorded: Path, remade: Path) -> float | None:
    """Return the distance of two files; None if their form has no numbers, or if more than numbers differs."""
    measure = MEASURES.get(recorded.suffix)
    return None if measure is None else measure(recorded, remade)


def _of_tensors(recorded: Path, remade: Path) -> float | None:
    from safetensors import safe_open  # torch loads slowly, and few verifications need it

    with safe_open(recorded, "pt") as one, safe_open(remade, "pt") as other:
        names = one.keys()
        if set(names) != set(other.keys()) or one.metadata() != other.metadata():
            return None
        shares = [_of_tensor(one.get_tensor(name), other.get_tensor(name)) for name in names]
    return None if None in shares else largest([each for each in shares if each is not None])


def _of_tensor(one: Any, other: Any) -> float | None:
    if one.shape != other.shape or one.dtype != other.dtype:
        return None
    if not one.dtype.is_floating_point:
        return 0.0 if one.equal(other) else None
    left, right = one.double(), other.double()
    return share(float((left - right).abs().max()), float(left.abs().max())) if left.numel() else 0.0


def _of_table(recorded: Path, remade: Path) -> float | None:
    one, other = parquet.read_table(recorded), parquet.read_table(remade)
    return distance(one.to_pylist(), other.to_pylist()) if one.schema.equals(other.schema) else None


def _of_json(recorded: Path, remade: Path) -> float | None:
    return distance(read_json(recorded), read_json(remade))


def _of_lines(recorded: Path, remade: Path) -> float | None:
    return distance(list(read_lines(recorded)), list(read_lines(remade)))


def _of_cells(recorded: Path, remade: Path) -> float | None:
    return distance(_cells(recorded), _cells(remade))


def _cells(path: Path) -> list[list[dict[str, Any]]]:
    """Return the rows of a CSV file, each cell with its column, so that a column is a group."""
    with path.open(encoding="utf-8", newline="") as file:
        return [[{str(column): _number(cell) for column, cell in enumerate(row)}] for row in csv.reader(file)]


def _number(cell: str) -> str | float:
    try:
        return float(cell) if "." in cell or "e" in cell.lower() else cell
    except ValueError:
        return cell


MEASURES: dict[str, Callable[[Path, Path], float | None]] = {
    ".safetensors": _of_tensors,
    ".parquet": _of_table,
    ".json": _of_json,
    ".jsonl": _of_lines,
    ".csv": _of_cells,
}
