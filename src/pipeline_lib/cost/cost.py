"""The estimated cost of a stage; amounts that no file or record states are None and shown as unknown."""

from dataclasses import dataclass
from typing import Callable, Iterable, Sequence

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Cost:
    """The hours and GPU hours of a stage's jobs, and its bytes on disk, in one process's memory, and to download."""

    stage: str
    jobs: int
    hours: float | None
    gpu_hours: float | None
    disk: int | None
    memory: int | None
    downloads: int | None

    def cells(self) -> list[str]:
        """Return the row of a table."""
        amounts = [in_hours(self.hours), in_hours(self.gpu_hours)]
        return [self.stage, str(self.jobs), *amounts, *map(in_bytes, (self.disk, self.memory, self.downloads))]


def total(costs: list[Cost]) -> list[str]:
    """Return the last row of a table: the sums of the known amounts, the number of unknown ones, the largest memory."""
    sizes = [[cost.disk for cost in costs], [cost.memory for cost in costs], [cost.downloads for cost in costs]]
    hours = [_summed([getattr(cost, name) for cost in costs], in_hours) for name in ("hours", "gpu_hours")]
    disk, downloads = _summed(sizes[0], in_bytes), _summed(sizes[2], in_bytes)
    most = max((size for size in sizes[1] if size is not None), default=0)
    return ["in all", str(sum(cost.jobs for cost in costs)), *hours, disk, f"{in_bytes(most)} at most", downloads]


def in_hours(hours: float | None) -> str:
    """Return hours as text."""
    if hours is None:
        return UNKNOWN
    return "< 0.01" if 0 < hours < 0.01 else f"{hours:.2f}"


def in_bytes(size: float | None) -> str:
    """Return a number of bytes as text with a unit."""
    if size is None:
        return UNKNOWN
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def summed(values: Iterable[float | None]) -> float | None:
    """Return the sum of values, None where one is unknown."""
    amounts = list(values)
    known = [value for value in amounts if value is not None]
    return sum(known) if len(known) == len(amounts) else None


def _summed(values: Sequence[float | None], as_text: Callable[[float | None], str]) -> str:
    known = [value for value in values if value is not None]
    if values and not known:
        return UNKNOWN
    text = as_text(sum(known))
    return text if len(known) == len(values) else f"{text}, {len(values) - len(known)} unknown"
