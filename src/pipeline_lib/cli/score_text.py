"""The text that `vlmflow score` prints about a score, and about the grades of several protocols."""

from typing import Any

from pipeline_lib.scoring.notice import NO_NUMBER, not_computed, scope_text
from pipeline_lib.scoring.published import published_text
from pipeline_lib.scoring.shown import Scope, ShownReview
from pipeline_lib.scoring.turns_text import review_lines, turn_lines

COUNTS = ("missing", "failed", "unparsed", "random", "empty", "equal")  # `random` where a protocol draws options
LISTED = 20  # rows of different grades
SHOWN = 60  # characters of an answer
WIDTH = 24  # characters of the names of metrics, at least


def score_text(scored: dict[str, Any]) -> str:
    """Return the counts, marks and metrics of a score, and the reader of its answers."""
    lines = [f"{scored['benchmark']} ({scored['protocol']}): {scored['n']} questions, {scored['status']}"]
    lines += _source(scored)
    lines.append("  " + ", ".join(f"{name} {scored[name]}" for name in COUNTS if name in scored))
    if "scope" in scored:
        scope, names = Scope(**scored["scope"]), [scored["primary"]]
        lines.append(f"  PARTIAL, {scope_text(scope, scored['bounds'] or {}, names)}")
    lines += _judges(scored)
    lines += [f"  MARKED {name}: {reason}" for name, reason in scored["marks"].items()]
    width = max(WIDTH, *map(len, scored["metrics"]))
    for name, value in scored["metrics"].items():
        flags = [*scored["marks"], *(["primary"] if name == scored["primary"] else [])]
        flag = f" ({', '.join(flags)})" if flags else ""
        lines.append(f"  {name:<{width}} {_rate(value, scored['interval'][name])}{flag}")
    lines += [f"  {published_text(figure)}" for figure in scored.get("published", [])]
    lines += [f"  {line}" for line in _turns(scored)]
    return "\n".join(lines)


def _turns(scored: dict[str, Any]) -> list[str]:
    """Return the primary metric and the costs after every turn, and what reviews changed; nothing without reviews."""
    if "review" not in scored:
        return []
    review = ShownReview.model_validate(scored["review"])
    return [*turn_lines(review, scored["primary"]), *review_lines(review)]


def _judges(scored: dict[str, Any]) -> list[str]:
    """Return which models judged, and the primary metric of every run; nothing where no reply counts."""
    judge = scored.get("judge")
    if not judge or not judge["replies"]:
        return []
    models = ", ".join(f"{name} ({count} replies)" for name, count in judge["served"].items())
    runs = ", ".join(f"{value:.4f}" for value in judge["runs"]) or "in no run"
    return [f"  judged by {models}; {scored['primary']} by run: {runs}, deviation {_rate(judge['deviation'], None)}"]


def protocols_text(table: dict[str, Any]) -> str:
    """Return the primary metric by every protocol, and the answers whose grades differ."""
    lines = [f"{table['benchmark']}: the same answers by {len(table['protocols'])} protocols", *_source(table)]
    for name, scored in table["protocols"].items():
        lines.append(f"  {name:<12} {_by_protocol(scored)}")
    rows = table["disagreements"]
    lines.append(f"{len(rows)} of {table['answered']} answers have different grades{':' if rows else ''}")
    for row in rows[:LISTED]:
        grades = "  ".join(f"{name} {_grade(grade)}" for name, grade in row["grades"].items())
        lines.append(f"  {row['id']}: {row['answer'][:SHOWN]!r} (gold {row['gold']!r}): {grades}")
    if len(rows) > LISTED:
        lines.append(f"  and {len(rows) - LISTED} more: --json lists all")
    return "\n".join(lines)


def _source(scored: dict[str, Any]) -> list[str]:
    notes = [f"  NOTE: {note}" for note in (*scored["notes"], *not_computed(scored.get("unavailable", {})))]
    return [f"  answers read as {scored['answers_from']}", *notes]


def _by_protocol(scored: dict[str, Any]) -> str:
    if "not_scored" in scored:
        return f"not scored: {'; '.join(line.strip() for line in scored['not_scored'].splitlines())}"
    name = scored["primary"]
    if name is None:
        return "these questions do not yield the primary metric"
    rate = _rate(scored["metrics"][name], scored["interval"][name])
    text = f"{name} {rate}  {scored['n']} questions, {scored['missing']} missing, {scored['unparsed']} unparsed"
    marks = f", MARKED {', '.join(scored['marks'])}" if scored["marks"] else ""
    return f"{text}{marks}{_scope(scored)}"


def _scope(scored: dict[str, Any]) -> str:
    """Return which questions a score is over, empty for all."""
    if "scope" not in scored:
        return ""
    return f", PARTIAL, {scope_text(Scope(**scored['scope']), scored['bounds'] or {}, [scored['primary']])}"


def _grade(grade: dict[str, Any]) -> str:
    return f"{grade['value']:g} ({grade['extracted']!r}, {grade['rule']})"


def _rate(value: float | None, interval: list[float] | None) -> str:
    if value is None:
        return NO_NUMBER
    return f"{value:.4f}" if interval is None else f"{value:.4f}  [{interval[0]:.4f}, {interval[1]:.4f}]"
