"""Score the same answers by several protocols, and list the answers whose grades differ."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Sequence

from pipeline_lib.benchmarks.base import PROTOCOL, Files, QuestionCheck, Verdict, check_questions, load_benchmark
from pipeline_lib.benchmarks.families.protocols import RANKED
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.rescoring.rescore import Choice, choose_reader, chosen_questions, digest_of, expect_judged
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.question_lookup import QuestionLookup
from pipeline_lib.scoring.score import ScoreSettings, open_judging
from pipeline_lib.scoring.scored import score_joined

ALL = "all"


def named_protocol(benchmark: str, name: str | None) -> str:
    """Return a protocol, by default PROTOCOL; PipelineError for an unknown benchmark, or a protocol that it lacks."""
    known = load("benchmarks", benchmark).PROTOCOLS
    if name is None and PROTOCOL not in known:
        what, cure = f"{benchmark} has no protocol {PROTOCOL}, the default", f"name one of {', '.join(known)}"
        raise PipelineError(what, where="--protocol", cure=cure)
    load_benchmark(benchmark, name or PROTOCOL)
    return name or PROTOCOL


def named_protocols(benchmark: str, names: str, first: str | None = None) -> list[str]:
    """Return protocols from `all` or names between commas, the one whose prompts were answered `first` if it is named.

    `all` are those that read texts. An unknown benchmark or protocol raises PipelineError.
    """
    known = [name for name in load("benchmarks", benchmark).PROTOCOLS if name not in RANKED or name == first]
    chosen = known if names == ALL else [name.strip() for name in names.split(",")]
    for name in [*chosen, *([first] if first else [])]:
        load_benchmark(benchmark, name)
    default = first or (PROTOCOL if PROTOCOL in chosen else None)
    return [default, *(name for name in chosen if name != default)] if default else chosen


def compare_protocols(
    answers: Path,
    files: Files,
    settings: ScoreSettings,
    protocols: list[str],
    reader: str | None = None,
    replies: Sequence[Path] = (),
) -> dict[str, Any]:
    """Return the score by every protocol, and the answers whose grades differ, with all grades.

    `replies` are those of a judge. A protocol that cannot score the answers has its reason as `not_scored`. Answers
    that none can be joined with raise PipelineError, of the first protocol.
    """
    expect_judged(replies, settings)
    choice = choose_reader(answers, reader)
    first = _first_joined(answers, files, settings.benchmark, protocols, choice)
    digest, scores, graded = digest_of(answers), dict[str, Any](), dict[str, list[Verdict]]()
    for protocol in protocols:
        by_protocol = settings.model_copy(update={"protocol": protocol})
        try:
            checked = check_questions(by_protocol.benchmark, protocol, files)
            chosen = chosen_questions(checked, by_protocol)
            joined = _joined(checked, first).only(chosen)
            judging = open_judging(by_protocol, files, joined.answer_ids, replies)
            scored = score_joined(joined, checked, by_protocol, digest, chosen, judging)
            graded[protocol], scores[protocol] = scored.verdicts, scored.score
        except PipelineError as error:
            scores[protocol] = {"not_scored": str(error)}
    return {
        "benchmark": settings.benchmark,
        "answers_from": choice.name,
        "notes": [*choice.notes, *first.notes],
        "answered": len(
            {each.question.id for verdicts in graded.values() for each in verdicts if each.answer is not None}
        ),
        "protocols": scores,
        "disagreements": _disagreements(graded),
    }


def _first_joined(answers: Path, files: Files, benchmark: str, protocols: list[str], choice: Choice) -> Joined:
    """Return the answers as joined by the first protocol whose questions were answered."""
    faults: list[PipelineError] = []
    for protocol in protocols:
        try:
            checked = check_questions(benchmark, protocol, files)
            return choice.reader.join(
                answers, QuestionLookup(benchmark, protocol, files, checked.questions, checked.gold)
            )
        except PipelineError as error:
            faults.append(error)
    raise faults[0]


def _joined(checked: QuestionCheck, first: Joined) -> Joined:
    """Return the questions of another protocol with the answers to those of the first one."""
    texts = {question.id: text for question, text in first.pairs}
    ids = {question.id for question in checked.questions}
    return replace(
        first,
        pairs=[(question, texts.get(question.id)) for question in checked.questions],
        failed=first.failed & ids,
    )


def _disagreements(graded: dict[str, list[Verdict]]) -> list[dict[str, Any]]:
    """Return the answers that two protocols grade differently, in the order of the first protocol."""
    grades: dict[str, dict[str, Verdict]] = {}
    for protocol, verdicts in graded.items():
        for verdict in verdicts:
            if verdict.answered:
                grades.setdefault(verdict.question.id, {})[protocol] = verdict
    return [
        {
            "id": name,
            "answer": next(iter(by.values())).answer,
            "gold": next(iter(by.values())).gold,
            "grades": {protocol: _grade(verdict) for protocol, verdict in by.items()},
        }
        for name, by in grades.items()
        if len({verdict.grade.value for verdict in by.values()}) > 1
    ]


def _grade(verdict: Verdict) -> dict[str, Any]:
    grade = verdict.grade
    return {"value": grade.value, "extracted": grade.extracted, "rule": grade.rule, "status": grade.status}
