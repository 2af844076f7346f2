"""The text about a run that reviews its answers: a line for every turn, and what the reviews changed."""

from typing import Sequence

from pipeline_lib.scoring.notice import NO_NUMBER
from pipeline_lib.scoring.shown import ShownChange, ShownReview

RATES = {"gain": "", "corrected": " of the wrong", "spoilt": " of the right"}
ARROW = "\N{RIGHTWARDS ARROW}"


def turn_lines(review: ShownReview, primary: str | None) -> list[str]:
    """Return the primary metric and the costs after every turn."""
    lines = []
    for turn in review.after:
        rate = rate_text((turn.metrics or {}).get(primary or ""), (turn.interval or {}).get(primary or ""))
        costs = f"{number_text(turn.tokens)} tokens, {number_text(turn.tokens_per_question)} a question"
        per_right = f"{number_text(turn.tokens_per_right)} a right answer"
        lines.append(f"after turn {turn.turn}: {primary or 'no primary metric'} {rate}; {costs}, {per_right}")
    return lines


def review_lines(review: ShownReview) -> list[str]:
    """Return what reviews changed, how the first answers were wrong, and what limits these numbers."""
    lines = [_change(change) for change in review.changes]
    if review.errors:
        kinds = [f"{kind} {each['first']} ({each['corrected']} corrected)" for kind, each in review.errors.items()]
        lines.append(f"first answers that were wrong: {', '.join(kinds)}")
    if review.until is not None:
        lines.append(f"the first answers end behind {review.until!r}: after turn 1 they are unfinished")
    return lines + ([review.note] if review.note else [])


def _change(change: ShownChange) -> str:
    counts = [
        f"{change.wrong_right} wrong {ARROW} right",
        f"{change.right_wrong} right {ARROW} wrong",
        f"{change.right_right} right {ARROW} right",
        f"{change.wrong_wrong} wrong {ARROW} wrong",
        f"{change.not_counted} not counted (no answer, or a grade between)" if change.not_counted else "",
    ]
    rates = [f"{name} {rate_text(change.rates.get(name), change.interval.get(name))}{of}" for name, of in RATES.items()]
    return f"turn {change.before} to {change.to}: {', '.join(filter(None, counts))}; {', '.join(rates)}"


def rate_text(value: float | None, interval: Sequence[float] | None) -> str:
    """Return a number with its interval, if it has one."""
    if value is None:
        return NO_NUMBER
    return f"{value:.3f}" if interval is None else f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def number_text(value: float | None) -> str:
    """Return a count, or a mean with one decimal."""
    if value is None:
        return NO_NUMBER
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
