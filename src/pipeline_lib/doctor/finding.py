"""The finding of one check: one line, and for a fault a second line with the cure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one check; a finding without a cure is no fault."""

    name: str
    result: str
    cure: str = ""

    def lines(self) -> list[str]:
        """Return the lines to print."""
        mark = "fault" if self.cure else "ok"
        return [f"{mark:5}  {self.name}: {self.result}", *([f"       cure: {self.cure}"] if self.cure else [])]
