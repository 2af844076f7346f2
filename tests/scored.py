"""What tests of benchmarks share: tables of answers with official verdicts, and scores of answers."""

import json
from pathlib import Path
from typing import Any, Sequence

from pipeline_lib.benchmarks.base import FileNames, Files, Question
from pipeline_lib.core.plugins import load
from pipeline_lib.scoring.answers import answer_ids
from pipeline_lib.scoring.score import ScoreSettings, grade_answers, open_judging, run_score
from tests.recordings import SAMPLES, write_lines


def official_verdicts(name: str) -> list[dict[str, Any]]:
    """Return the rows of `tests/golden/NAME.jsonl`: answers, and what the code of every protocol makes of them."""
    return [json.loads(line) for line in (SAMPLES / f"{name}.jsonl").read_text().splitlines()]


def score(
    benchmark: str, files: Files, answers: Path, protocol: str = "llava15", replies: Sequence[Path] = ()
) -> dict[str, Any]:
    """Return the score of a file of answers, with the replies of a judge where one grades them."""
    settings = ScoreSettings(benchmark=benchmark, protocol=protocol, files=FileNames(questions="q", gold="g"))
    judging = open_judging(settings, answer_ids, answers, replies)
    return run_score(grade_answers(answers, files, settings, judging=judging), settings, answers, judging)


def asked(benchmark: str, files: Files, protocol: str = "llava15") -> list[Question]:
    """Return the questions of a benchmark."""
    questions: list[Question] = load("benchmarks", benchmark).questions(files, protocol)
    return questions


def answer_with(path: Path, texts: list[tuple[Question, str]]) -> Path:
    """Write answers in the order of `texts`, as the predict stage does."""
    write_lines(path, [{"question_id": q.id, "prompt": q.prompt, "text": text, **q.record} for q, text in texts])
    return path
