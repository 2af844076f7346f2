"""One fault of a configuration."""

from dataclasses import dataclass

from pipeline_lib.core.errors import PipelineError

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One fault of a configuration: its key, what is wrong, the value, and a hint."""

    key: Key
    what: str
    value: object
    hint: str = ""


def problem_of(key: Key, error: PipelineError, value: object) -> Problem:
    """Return a problem that says on one line what an error says on several; its cure becomes the hint."""
    what, *details = (line.strip() for line in str(error).splitlines())
    cures = [detail.removeprefix("cure:").strip() for detail in details if detail.startswith("cure:")]
    facts = [detail for detail in details if not detail.startswith("cure:") and detail != f"value: {value!r}"]
    return Problem(key, f"{what} ({', '.join(facts)})" if facts else what, value, " ".join(cures))
