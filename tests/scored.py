"""What tests of benchmarks share: tables of answers with official verdicts, and scores of answers."""

import json
from pathlib import Path
from typing import Any, Iterable, Sequence

from pipeline_lib.benchmarks.base import FileNames, Files, Question, Verdict, check_questions, only
from pipeline_lib.benchmarks.families.protocols import RANKED
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.plugins import load
from pipeline_lib.rescoring.rescore import choose_reader, rescore
from pipeline_lib.scoring.answers import join
from pipeline_lib.scoring.score import ScoreSettings, open_judging
from pipeline_lib.scoring.scored import Scored, score_joined
from tests.recordings import SAMPLES, write_lines


def of_texts(protocols: Iterable[str]) -> list[str]:
    """Return the protocols that read texts: `first_token` has the letter from the model's logits."""
    return [name for name in protocols if name not in RANKED]


def official_verdicts(name: str) -> list[dict[str, Any]]:
    """Return the rows of `tests/golden/NAME.jsonl`: answers, and what the code of every protocol makes of them."""
    return [json.loads(line) for line in (SAMPLES / f"{name}.jsonl").read_text().splitlines()]


def scored_answers(answers: Path, files: Files, settings: ScoreSettings, chosen: set[str] | None = None) -> Scored:
    """Return the verdicts on the answers in a file, and their score, as the score stage does."""
    checked = check_questions(settings.benchmark, settings.protocol, files)
    joined = join(only(checked.questions, chosen), answers)
    judging = open_judging(settings, files, joined.answer_ids, ())
    return score_joined(joined, checked, settings, digest_file(answers), chosen, judging)


def grade_answers(
    answers: Path, files: Files, settings: ScoreSettings, chosen: set[str] | None = None
) -> list[Verdict]:
    """Return the verdicts on the answers in a file."""
    return scored_answers(answers, files, settings, chosen).verdicts


def score(
    benchmark: str, files: Files, answers: Path, protocol: str = "llava15", replies: Sequence[Path] = ()
) -> dict[str, Any]:
    """Return the score of a file of answers in any form, with the replies of a judge where one grades them."""
    settings = ScoreSettings(benchmark=benchmark, protocol=protocol, files=FileNames(questions="q", gold="g"))
    return rescore(answers, files, settings, choose_reader(answers, None), replies).score


def asked(benchmark: str, files: Files, protocol: str = "llava15") -> list[Question]:
    """Return the questions of a benchmark."""
    questions: list[Question] = load("benchmarks", benchmark).questions(files, protocol)
    return questions


def answer_with(path: Path, texts: list[tuple[Question, str]]) -> Path:
    """Write answers in the order of `texts`, as the predict stage does."""
    write_lines(path, [{"question_id": q.id, "prompt": q.prompt, "text": text, **q.record} for q, text in texts])
    return path
