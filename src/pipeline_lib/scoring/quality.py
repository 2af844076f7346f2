"""Whether answers are answers: how many are missing, empty, unparsed or equal, and the marks of a suspect score.

A scorer makes a number of any texts, by its default verdict too: 0.667 is the F1 of a model that says nothing to POPE.
"""

from collections import Counter
from typing import Any, Iterable

from pipeline_lib.benchmarks.base import Verdict

SUSPECT_ABOVE = 0.05  # share of answers that are no answers
DIGITS = 10
LONGEST = 80  # characters of the most frequent answer


def quality(verdicts: list[Verdict], suspect_above: float = SUSPECT_ABOVE) -> dict[str, Any]:
    """Return counts and shares of the answers to `verdicts`, the `marks` of the score by name, and its `status`.

    `equal` counts the answers of the most frequent text. A mark has its reason: `unparsed`, where more than
    `suspect_above` of the answers are empty or unparsed; `collapsed`, where all but so few are one and the same text,
    or are read as one and the same, and the gold answers are not; `missing`, where more questions have no answer.
    """
    answered = [verdict for verdict in verdicts if verdict.status != "missing"]
    texts = [(verdict.answer or "").strip() for verdict in answered]
    most_frequent, equal = _most_frequent(texts)
    unusable = sum(verdict.status == "unparsed" or not text for verdict, text in zip(answered, texts, strict=True))
    counts = {
        "unparsed": sum(verdict.status == "unparsed" for verdict in answered),
        "empty": sum(not text for text in texts),
        "equal": equal,
        "missing": len(verdicts) - len(answered),
    }
    reasons = {
        "unparsed": _unparsed(unusable, len(answered), suspect_above),
        "collapsed": _collapsed(answered, texts, suspect_above),
        "missing": _missing(counts["missing"], len(verdicts), suspect_above),
    }
    marks = {name: reason for name, reason in reasons.items() if reason}
    wholes = {name: len(verdicts) if name == "missing" else len(answered) for name in counts}
    return {
        **counts,
        "most_frequent": most_frequent[:LONGEST],
        "shares": {name: _share(count, wholes[name]) for name, count in counts.items()},
        "marks": marks,
        "status": _status(marks, counts["missing"]),
    }


def _most_frequent(texts: Iterable[str]) -> tuple[str, int]:
    """Return the most frequent text, the first of equals, and how often it is there."""
    return next(iter(Counter(texts).most_common(1)), ("", 0))


def _share(count: int, whole: int) -> float | None:
    return round(count / whole, DIGITS) if whole else None


def _unparsed(unusable: int, answers: int, suspect_above: float) -> str:
    if unusable <= suspect_above * answers:
        return ""
    return f"{unusable} of {answers} answers are empty or say nothing that the scorer understands"


def _collapsed(answered: list[Verdict], texts: list[str], suspect_above: float) -> str:
    largest = (1 - suspect_above) * len(answered)
    if _most_frequent(verdict.gold for verdict in answered)[1] > largest:
        return ""  # one answer is right nearly always, so that it may be given so often
    read = [verdict.extracted or "" for verdict in answered if verdict.status == "ok"]
    for verb, said in (("are", texts), ("are read as", read)):
        text, count = _most_frequent(said)
        if count > largest:
            return f"{count} of {len(answered)} answers {verb} {text[:LONGEST]!r}, and the right answers differ"
    return ""


def _missing(missing: int, questions: int, suspect_above: float) -> str:
    return f"{missing} of {questions} questions have no answer" if missing > suspect_above * questions else ""


def _status(marks: dict[str, str], missing: int) -> str:
    """Return `unparsed` or `collapsed` of a score that means nothing, else `partial` or `complete`."""
    meaningless = [name for name in ("unparsed", "collapsed") if name in marks]
    return meaningless[0] if meaningless else "partial" if missing else "complete"
