"""A small study with answers, verdicts and scores as the stages write them, for tests of the report."""

from pathlib import Path
from typing import Any, Callable

from pipeline_lib.benchmarks.base import FileNames, Question
from pipeline_lib.core.text import pretty_json
from pipeline_lib.report.facts import Facts
from pipeline_lib.report.read import ReportFiles, read_facts
from pipeline_lib.report.settings import ReportedBenchmark, ReportSettings
from pipeline_lib.scoring.gather import GatherSettings, gather
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.verdicts import write_verdicts
from tests.scored import scored_answers
from tests.unit.test_pope import answer_all, write_benchmark

Say = Callable[[Question, str], str | None]


def report_files(root: Path, runs: dict[str, Say], images: int = 4) -> ReportFiles:
    """Write the answers of each run to POPE, with the verdicts and scores that the stages make of them."""
    files = write_benchmark(root / "raw", images)
    settings = ScoreSettings(benchmark="pope", files=FileNames(questions="q", gold="g"))
    answers, verdicts, scores = [], [], []
    for run, say in runs.items():
        folder = root / run
        folder.mkdir()
        answers.append(answer_all(files, folder / "pope.jsonl", say))
        scored = scored_answers(answers[-1], files, settings)
        verdicts.append(folder / "pope.parquet")
        write_verdicts(verdicts[-1], scored.verdicts)
        scores.append(folder / "pope.json")
        scores[-1].write_text(pretty_json(scored.score))
    whole = root / "pope_score.json"
    whole.write_text(pretty_json(gather(scores, GatherSettings(benchmark="pope", protocol="llava15", runs=list(runs)))))
    return ReportFiles(scores=[whole], verdicts=verdicts, answers=answers)


def report_settings(runs: list[str], **keys: Any) -> ReportSettings:
    """Return the settings of the report of such a study."""
    pope = ReportedBenchmark(name="pope", benchmark="pope", protocol="llava15")
    about: dict[str, Any] = {"title": "A study", "option": "", "seed": 0, "sections": []}
    return ReportSettings(**{**about, "benchmarks": [pope], "runs": runs, **keys})


def report_facts(root: Path, runs: dict[str, Say], images: int = 4, **keys: Any) -> Facts:
    """Return the facts of such a study."""
    return read_facts(report_settings(list(runs), **keys), report_files(root, runs, images))
