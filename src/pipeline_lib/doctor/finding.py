"""What a check found: one line, and where it is a fault, one line that cures it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; without a cure there is no fault."""

    name: str
    said: str
    cure: str = ""

    def lines(self) -> list[str]:
        """Return the outcome as a person reads it."""
        mark = "fault" if self.cure else "ok"
        return [f"{mark:5}  {self.name}: {self.said}", *([f"       cure: {self.cure}"] if self.cure else [])]
