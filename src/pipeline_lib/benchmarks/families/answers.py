"""Answers that are compared with gold answers as texts: a question's gold, and the scorer of such benchmarks."""

from dataclasses import dataclass
from typing import Callable, Mapping, cast

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question
from pipeline_lib.benchmarks.families.counting import Counted

Golds = tuple[str, ...]
Comparison = tuple[float, str, str]  # the grade, the answer as compared, the rule that decided
Comparer = Callable[[str, Golds], Comparison]


def golds_of(gold: JsonValue) -> Golds:
    """Return the gold answers of a question: a list, or the `answers` of an object that says more about them."""
    answers = gold["answers"] if isinstance(gold, dict) else gold
    return tuple(cast(list[str], answers))


@dataclass(frozen=True, kw_only=True)
class AnswerScorer(Counted):
    """Grades answers as the protocol's comparer does; one of which nothing is left to compare is unparsed."""

    readers: Mapping[str, Comparer]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""
        value, compared, rule = self.readers[protocol](answer, golds_of(gold))
        return Grade(value, compared, rule, "ok" if compared else "unparsed")
