"""What a metric counts as one right or wrong thing: a question, or a group of copies of one."""

from collections import defaultdict
from typing import Any, Sequence

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.benchmarks.families.counting import Accuracy

Units = dict[str, bool]  # whether each is right

EVERY_QUESTION = Accuracy()


def right_units(scorer: Any, metric: str, verdicts: Sequence[Verdict]) -> Units | None:
    """Return whether each unit of a metric is right, by the question or the group; None where grades are partial.

    A metric that is no share of right units, such as F1, counts every answered question.
    """
    counting, part = _counting(scorer, metric)
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        question = verdict.question
        if counting.includes(question) and part in ("", question.part, question.part.partition("/")[0]):
            groups[counting.group(question) if counting.group else question.id].append(verdict)
    whole = {name: group for name, group in groups.items() if all(verdict.answered for verdict in group)}
    grades = {name: min(verdict.grade.value for verdict in group) for name, group in whole.items()}
    if counting.at_least is not None:
        return {name: grade >= counting.at_least for name, grade in grades.items()}
    return {name: grade == 1 for name, grade in grades.items()} if {0, 1} >= set(grades.values()) else None


def _counting(scorer: Any, metric: str) -> tuple[Accuracy, str]:
    """Return how the scorer counts a metric, and the part that the metric is about, empty for all."""
    for each in getattr(scorer, "counts", ()):
        if isinstance(each, Accuracy):
            if metric == each.name:
                return each, ""
            if each.by_part and metric.startswith(f"{each.name}/"):
                return each, metric.removeprefix(f"{each.name}/")
    return EVERY_QUESTION, ""
