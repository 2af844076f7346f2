"""Read the files of a finished study into the facts of its report."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Verdict, load_benchmark
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.parquet import read_rows
from pipeline_lib.core.text import canonical_json, read_lines, read_object
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.report.facts import BenchmarkFacts, DataFacts, Facts, JobFacts, TrainingFacts
from pipeline_lib.report.pairs import compare_pairs
from pipeline_lib.report.settings import ReportedBenchmark, ReportSettings
from pipeline_lib.training.curve import read_curve


@dataclass(frozen=True)
class ReportFiles:
    """The files of a study; those of verdicts and answers are in the order of benchmarks, then runs.

    `curves` are by training, `health` (counts of images) by dataset, `rejected` (rows) by table. `records` is the
    folder with the records of jobs, None to leave out what they cost.
    """

    scores: Sequence[Path]
    verdicts: Sequence[Path]
    answers: Sequence[Path]
    curves: Mapping[str, Path] = field(default_factory=dict)
    health: Mapping[str, Path] = field(default_factory=dict)
    rejected: Mapping[str, Path] = field(default_factory=dict)
    records: Path | None = None


def read_facts(settings: ReportSettings, files: ReportFiles) -> Facts:
    """Return the facts of a study."""
    runs, benchmarks = settings.runs, []
    for index, (used, path) in enumerate(zip(settings.benchmarks, files.scores, strict=True)):
        of_runs = slice(index * len(runs), (index + 1) * len(runs))
        tables = {run: read_rows(table) for run, table in zip(runs, files.verdicts[of_runs], strict=True)}
        records = dict(zip(runs, files.answers[of_runs], strict=True))
        benchmarks.append(_benchmark(used, path, tables, records))
    return Facts(
        title=settings.title,
        option=settings.option,
        stamp=settings.stamp,
        runs=tuple(runs),
        margin=settings.margin,
        benchmarks=tuple(benchmarks),
        pairs=compare_pairs(benchmarks, settings.seed),
        trainings=tuple(TrainingFacts(name, tuple(read_curve(path))) for name, path in files.curves.items()),
        datasets=tuple(DataFacts(name, read_object(path)) for name, path in files.health.items()),
        tables=tuple(DataFacts(name, _rejected(path)) for name, path in files.rejected.items()),
        jobs=() if files.records is None else tuple(_jobs(files.records)),
    )


def _rejected(path: Path) -> dict[str, int]:
    """Return the number of rejected rows by their reason, without what differs from row to row."""
    reasons = Counter(str(row["reason"]).partition(" (")[0] for row in read_lines(path))
    return dict(reasons.most_common())


def _jobs(folder: Path) -> Iterator[JobFacts]:
    """Yield the finished jobs with a record; the record of a running job is empty, a damaged one is left out."""
    for path in sorted(folder.glob("*/*.json")):
        if path.stat().st_size:
            try:
                record = MadeRecord.read(path)
            except PipelineError:
                continue
            if record.succeeded:
                yield JobFacts(record.stage, path.stem, record.making_seconds)


def _benchmark(
    used: ReportedBenchmark,
    path: Path,
    tables: Mapping[str, list[dict[str, Any]]],
    answers: Mapping[str, Path],
) -> BenchmarkFacts:
    content = read_object(path)
    if (content["benchmark"], content["protocol"]) != (used.benchmark, used.protocol):
        raise PipelineError("this score is of another benchmark or protocol", where=path, value=content["benchmark"])
    runs = [content["runs"][run] for run in tables]
    listed = load_benchmark(used.benchmark, used.protocol).SHOWN
    shown = tuple(name for name in listed if any(name in score["metrics"] for score in runs))
    return BenchmarkFacts(
        name=used.name,
        benchmark=used.benchmark,
        protocol=used.protocol,
        first_metric=next(iter(shown), content["primary"]),
        shown=shown,
        stamp=content.get("stamp"),
        path=path.as_posix(),
        scores={run: content["runs"][run] for run in tables},
        verdicts={run: tuple(map(_verdict, rows)) for run, rows in tables.items()},
        prompts={run: prompts_of(rows, answers[run]) for run, rows in tables.items()},
    )


def _verdict(row: Mapping[str, Any]) -> Verdict:
    """Return the verdict in a row of the table, whose question has no prompt."""
    question = Question(row["id"], "", tuple(row["images"]), row["part"])
    grade = Grade(row["grade"], _json_value(row["extracted"]), row["rule"], row["status"])
    return Verdict(question, _json_value(row["gold"]), row["answer"], grade)


def _json_value(text: str | None) -> JsonValue:
    """Return the value that the table of verdicts holds: JSON, or a text as itself."""
    try:
        value: JsonValue = json.loads(text or "")
        return text if isinstance(value, str) or canonical_json(value) != text else value
    except ValueError:
        return text


def prompts_of(rows: Sequence[Mapping[str, Any]], answers: Path) -> dict[str, str]:
    """Return the prompt of every answered question by its id, from the records of the answers.

    Records that are as many as the questions are in their order; some benchmarks have other ids in them.
    """
    records = list(read_lines(answers))
    if len(records) == len(rows):
        pairs = [(str(row["id"]), record) for row, record in zip(rows, records, strict=True)]
    else:
        pairs = [(str(record["question_id"]), record) for record in records]
    return {name: str(record.get("prompt", "")) for name, record in pairs}
