"""The clean_score stage: scores on all questions of a benchmark, and on those that no training row affects."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from pipeline_lib.benchmarks.base import Question, Verdict, check_questions, load_benchmark, only, open_files
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.settings import Settings
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.overlap.images import KINDS
from pipeline_lib.overlap.rows import QUESTION, OverlapRow
from pipeline_lib.scoring.answers import join
from pipeline_lib.scoring.score import UNASKED, ScoreSettings, open_judging, score_verdicts
from pipeline_lib.scoring.scored import score_joined

SCHEMA = 1
PARTS = ("n", "metrics", "interval")  # of a score


class CleanScoreSettings(Settings):
    """The settings of one clean_score job; runs are in the order of their answers.

    `seen` has the subsets that the model of each run was trained or validated on, and `not_compared` the origins of
    each model whose training data the study does not have.
    """

    runs: dict[str, ScoreSettings]
    seen: dict[str, list[str]]
    not_compared: dict[str, list[str]]


@dataclass(frozen=True)
class Answered:
    """The answers of a run and the replies of a judge about them; `chosen` are the asked questions, None for all."""

    answers: Path
    replies: Sequence[Path]
    chosen: set[str] | None


def clean_score(
    shards: list[Manifest], answered: Answered, settings: ScoreSettings, rows: Sequence[OverlapRow]
) -> dict[str, Any]:
    """Return the scores of one run on all questions and on the clean ones; `rows` are those of its subsets.

    `affected` counts questions by kind of overlap. A question is clean if none of its images overlaps, or, of a
    question without images, not its text; so are all others of its cluster. An equal text about another image is
    counted and stays.
    """
    files = open_files(shards, settings.files)
    checked = check_questions(settings.benchmark, settings.protocol, files)
    joined = join(only(checked.questions, answered.chosen), answered.answers)
    judging = open_judging(settings, files, joined.answer_ids, answered.replies)
    digest = digest_file(answered.answers)
    scored = score_joined(joined, checked, settings, digest, answered.chosen, judging)
    questions = [verdict.question for verdict in scored.verdicts if verdict.grade.rule != UNASKED]
    unclean = unclean_ids(questions, settings, rows)
    return {
        "affected": affected(rows),
        "left_out": sum(verdict.question.id in unclean for verdict in scored.verdicts),
        "all": {name: scored.score[name] for name in PARTS},
        "clean": _without(scored.verdicts, unclean, settings),
        "answers": digest,
    }


def clean_scores(
    table: dict[str, Any], scores: dict[str, dict[str, Any]], settings: CleanScoreSettings
) -> dict[str, Any]:
    """Return the scores of all runs side by side, each with its subsets, and with what the study cannot compare."""
    about = {name: table[name] for name in ("benchmark", "protocol", "questions", "near")}
    runs = {
        name: {"subsets": settings.seen[name], "not_compared": settings.not_compared[name], **score}
        for name, score in scores.items()
    }
    return {"schema": SCHEMA, **about, "runs": runs}


def affected(rows: Sequence[OverlapRow]) -> dict[str, int]:
    """Return how many questions are affected, those about images by their strongest kind of overlap."""
    strongest: dict[str, str] = {}
    for row in sorted((row for row in rows if row.kind != QUESTION), key=lambda row: KINDS.index(row.kind)):
        strongest.setdefault(row.question, row.kind)
    counts: dict[str, int] = {kind: sum(each == kind for each in strongest.values()) for kind in KINDS}
    return {**counts, QUESTION: len({row.question for row in rows if row.kind == QUESTION})}


def unclean_ids(questions: Sequence[Question], settings: ScoreSettings, rows: Sequence[OverlapRow]) -> set[str]:
    """Return the ids of the questions in a cluster of which one is affected."""
    by_image = {row.question for row in rows if row.kind != QUESTION}
    by_text = {row.question for row in rows if row.kind == QUESTION}
    cluster = load_benchmark(settings.benchmark, settings.protocol).cluster
    names = {cluster(each) for each in questions if each.id in (by_image if each.images else by_text)}
    return {each.id for each in questions if cluster(each) in names}


def _without(verdicts: list[Verdict], unclean: set[str], settings: ScoreSettings) -> dict[str, Any]:
    """Return the score of the other questions, and the parts of the benchmark of which none has an answer.

    Without any answer, the metrics are None.
    """
    clean = [verdict for verdict in verdicts if verdict.question.id not in unclean]
    heard = {each.question.part for each in clean if each.answered or each.grade.status == "unjudged"}
    silent = {verdict.question.part for verdict in verdicts if verdict.grade.rule != UNASKED} - heard
    rest = [verdict for verdict in clean if verdict.question.part in heard or verdict.grade.rule == UNASKED]
    scored = score_verdicts(rest, settings) if heard else {"n": 0, "metrics": None, "interval": None}
    return {**{name: scored[name] for name in PARTS}, "parts_left_out": sorted(silent)}
