"""From joined answers to verdicts and a score object, as the score stage and `vlmflow score` need them."""

from dataclasses import dataclass
from typing import Any

from pipeline_lib.benchmarks.base import QuestionCheck, Verdict
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.judged import Judging
from pipeline_lib.scoring.scope import not_chosen, with_scope
from pipeline_lib.scoring.score import ScoreSettings, grade_joined, score_object
from pipeline_lib.scoring.sections import in_section, rules_used
from pipeline_lib.scoring.turns import with_turns


@dataclass(frozen=True)
class Scored:
    """The verdicts on all asked questions, and the score object."""

    verdicts: list[Verdict]
    score: dict[str, Any]


def score_joined(
    joined: Joined,
    checked: QuestionCheck,
    settings: ScoreSettings,
    digest: str,
    chosen: set[str] | None = None,
    judging: Judging | None = None,
) -> Scored:
    """Return the score of answers, whose file has this digest.

    If `chosen` is not None, only those questions were asked, and `joined` has no others. `judging` is that of
    `open_judging`.
    """
    read = in_section(joined, settings.answer_in)
    verdicts = grade_joined(read, checked, settings, checked.unasked if chosen is None else [], judging)
    score = score_object(verdicts, settings, digest, joined.model, judging)
    if settings.answer_in is not None:
        score["answer_in"] = {"tag": settings.answer_in, **rules_used(joined, settings.answer_in)}
    score = with_turns(score, read, checked, settings, verdicts)
    return Scored(verdicts, with_scope(score, verdicts, not_chosen(checked, chosen), settings))
