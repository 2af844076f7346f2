"""Whether the scores of two runs differ: the comparison of the report page, for the terminal."""

from pathlib import Path
from typing import Any

from pipeline_lib.config.load import load_study, results_folder, study_path
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.report_stages import report
from pipeline_lib.config.study import Study
from pipeline_lib.report.read import ReportFiles, read_facts
from pipeline_lib.report.sections import differences

Comparison = dict[str, Any]  # as JSON: sentence, metric, difference, interval, units, tests


def compared_scores(name: str, runs: tuple[str, str]) -> dict[str, Comparison]:
    """Return how two runs differ, by benchmark, in the report's words and numbers.

    p-values are adjusted over these benchmarks; one without a score or verdicts of both runs is left out.
    """
    whole = load_study(study_path(name))
    study = whole.model_copy(update={"runs": {run: whole.runs[run] for run in runs}})
    complete = {each: use for each, use in study.benchmarks.items() if _is_complete(name, _of(study, {each: use}))}
    study = _of(study, complete)
    facts = read_facts(report(study, name), _files(name, study))
    return {
        row["pair"].benchmark: _comparison(row)
        for compared in differences.context(facts)["comparisons"]
        for row in compared["rows"]
    }


def _of(study: Study, benchmarks: dict[str, Any]) -> Study:
    """Return the same study with these of its benchmarks alone."""
    return study.model_copy(update={"benchmarks": benchmarks})


def _files(name: str, study: Study) -> ReportFiles:
    """Return the files about the runs of a study, whether they are there or not."""
    paths = Paths(study, results_folder(name, study).as_posix())
    return ReportFiles(
        scores=[*map(Path, paths.scores())],
        verdicts=[*map(Path, paths.of_runs("verdicts", ".parquet"))],
        answers=[*map(Path, paths.of_runs("answers", ".jsonl"))],
    )


def _is_complete(name: str, study: Study) -> bool:
    """Return whether scores, verdicts and answers of a study are all there."""
    files = _files(name, study)
    return all(path.is_file() for path in (*files.scores, *files.verdicts, *files.answers))


def _comparison(row: dict[str, Any]) -> Comparison:
    pair = row["pair"]
    difference = pair.difference
    return {
        "sentence": row["sentence"],
        "metric": pair.metric,
        "difference": difference and difference.value,
        "interval": difference and [difference.low, difference.high],
        "units": pair.units,
        "first_only": pair.first_only,
        "second_only": pair.second_only,
        "p": pair.p,
        "adjusted_p": pair.adjusted,
    }
