"""Grade answers from the replies of a judge, each matched with the answer that it is about, and say who judged what."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Collection, Iterable, Mapping

import numpy as np
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Verdict
from pipeline_lib.benchmarks.families.judge_replies import Replies
from pipeline_lib.benchmarks.families.judging import JudgedScorer, JudgeReply
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError

OTHER_ANSWER = "replies about another answer"
DIGITS = 10


@dataclass(frozen=True)
class Judging:
    """The replies about a file of answers, how they are matched and read, and what requests quote instead of gold."""

    scorer: JudgedScorer
    protocol: str
    replies: Replies
    answer_ids: Mapping[str, str] = field(default_factory=dict)
    quoted: Mapping[str, JsonValue] = field(default_factory=dict)

    def expect_known(self, names: Collection[str]) -> None:
        """Raise PipelineError for a reply to a question that is none of the benchmark's."""
        self.replies.expect_known(names)

    def grade(self, question: Question, gold: JsonValue, answer: str) -> Grade:
        """Return the grade of an answer; replies about another answer do not count, and a rule says so."""
        matching = self.matching(question, gold, answer)
        grade = self.scorer.judge(question, gold, answer, matching, self.protocol)
        others = not matching and self.replies.to(question.id) and grade.status == "unjudged"
        return replace(grade, rule=OTHER_ANSWER) if others else grade

    def matching(self, question: Question, gold: JsonValue, answer: str) -> list[JudgeReply]:
        """Return the replies about an answer, one a run; `final` if the judge was asked as often as it may be.

        One that says what it is about precedes one that does not. Two others of a run that differ raise PipelineError.
        """
        replies = self.replies.to(question.id)
        about = [reply for reply in replies if self._is_about(reply, question, answer)]
        by_request = any(reply.request is not None for reply in about)
        quoted = self.quoted.get(question.id, gold)
        request = self.scorer.request(question, quoted, answer, self.protocol) if by_request else None
        digest, attempts = (request.digest, len(request.attempts)) if request else (None, 0)
        runs: dict[int, JudgeReply] = {}
        for reply in about:
            if reply.request is None:
                self._keep(reply, question, runs)
            elif reply.request == digest:
                self._keep(replace(reply, final=reply.final or len(reply.texts) >= attempts), question, runs)
        return [runs[run] for run in sorted(runs)]

    def _keep(self, reply: JudgeReply, question: Question, runs: dict[int, JudgeReply]) -> None:
        """Add a reply to those of other runs; of the same run, the one that says more about its answer stays."""
        other = runs.setdefault(reply.run, reply)
        ranks = [(each.status == "failed", self.is_unchecked(each, question)) for each in (reply, other)]
        if ranks[0] < ranks[1]:
            runs[reply.run] = reply
        elif ranks[0] == ranks[1] and reply.texts != other.texts:
            cure = f"keep one of them; the other one is at {other.where}"
            raise PipelineError("another reply of the same run", where=reply.where, value=reply.id, cure=cure)

    def _is_about(self, reply: JudgeReply, question: Question, answer: str) -> bool:
        """Return False if a reply names another answer; its request is compared in `matching`."""
        if reply.answer is not None and reply.answer != digest_text(answer):
            return False
        return reply.answer_id is None or self._answer_id(question) in (None, reply.answer_id)

    def is_unchecked(self, reply: JudgeReply, question: Question) -> bool:
        """Return whether nothing says that a reply is about the answer to a question."""
        named = reply.request is not None or reply.answer is not None
        return not named and (reply.answer_id is None or self._answer_id(question) is None)

    def _answer_id(self, question: Question) -> str | None:
        """Return the id in the record of the answer to a question, None where there is none."""
        names = (str(question.record.get("question_id", question.id)), question.id)
        return next((self.answer_ids[name] for name in names if name in self.answer_ids), None)


def judged_score(scored: dict[str, Any], judging: Judging, verdicts: list[Verdict], primary: str) -> dict[str, Any]:
    """Return a score with `judge`: who judged, the primary metric of every run, and what could not be judged.

    Replies that do not say which answer they are about are marked as `unchecked`.
    """
    about = _used(judging, verdicts)
    used = [reply for _, reply in about]
    unchecked = sum(judging.is_unchecked(reply, question) for question, reply in about)
    reason = f"{unchecked} of {len(used)} replies of the judge do not say which answers they are about"
    runs = _runs(judging.scorer, verdicts, primary)
    unjudged = Counter(verdict.grade.rule for verdict in verdicts if verdict.grade.status == "unjudged")
    judge = {
        "asked": _counted(reply.asked for reply in used),
        "served": _counted(reply.served for reply in used),
        "replies": len(used),
        "unchecked": unchecked,
        "runs": runs,
        "deviation": round(float(np.std(runs)), DIGITS) if runs else None,
        "unjudged": dict(sorted(unjudged.items())),
    }
    return {**scored, "judge": judge, "marks": {**scored["marks"], **({"unchecked": reason} if unchecked else {})}}


def _used(judging: Judging, verdicts: list[Verdict]) -> list[tuple[Question, JudgeReply]]:
    """Return the replies about the answers that have a verdict, with their questions."""
    return [
        (verdict.question, reply)
        for verdict in verdicts
        if verdict.answer is not None
        for reply in judging.matching(verdict.question, verdict.gold, verdict.answer)
    ]


def _runs(scorer: JudgedScorer, verdicts: list[Verdict], primary: str) -> list[float]:
    """Return the primary metric of every run of the judge that has one."""
    judged = [verdict for verdict in verdicts if verdict.answered]
    parts = sorted({verdict.question.part for verdict in judged})
    values = scorer.of_runs(scorer.tally(judged, parts).sum(axis=0), parts)[primary] if judged else []
    return [round(float(value), DIGITS) for value in values if not np.isnan(value)]


def _counted(models: Iterable[str | None]) -> dict[str, int]:
    """Return how many replies are of each model; what a reply does not say is `unknown`."""
    return dict(sorted(Counter(model or "unknown" for model in models).items()))
