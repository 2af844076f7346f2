"""Whether the scores of two runs differ: the comparison of the report page, for the terminal."""

from pathlib import Path
from typing import Any

from pipeline_lib.config.load import load_study, results_folder, study_path
from pipeline_lib.config.report_stages import report
from pipeline_lib.report.read import ReportFiles, read_facts
from pipeline_lib.report.sections import differences

Comparison = dict[str, Any]  # as JSON: sentence, metric, difference, interval, units, tests


def compared_scores(name: str, runs: tuple[str, str]) -> dict[str, Comparison]:
    """Return how two runs differ, by benchmark, in the report's words and numbers.

    p-values are adjusted over these benchmarks; one without a score or verdicts of both runs is left out.
    """
    study = load_study(study_path(name))
    results, settings = results_folder(name, study), report(study, name)
    files = {used.name: _files(results, runs, used.name) for used in settings.benchmarks}
    scored = [used for used in settings.benchmarks if _are_complete(files[used.name])]
    listed = [files[used.name] for used in scored]
    merged = ReportFiles(
        scores=[path for each in listed for path in each.scores],
        verdicts=[path for each in listed for path in each.verdicts],
        answers=[path for each in listed for path in each.answers],
    )
    facts = read_facts(settings.model_copy(update={"benchmarks": scored, "runs": list(runs)}), merged)
    return {
        row["pair"].benchmark: _comparison(row)
        for compared in differences.context(facts)["comparisons"]
        for row in compared["rows"]
    }


def _files(results: Path, runs: tuple[str, str], benchmark: str) -> ReportFiles:
    """Return the files about two runs on a benchmark, whether they are there or not."""
    return ReportFiles(
        scores=[results / f"{benchmark}_score.json"],
        verdicts=[results / "verdicts" / run / f"{benchmark}.parquet" for run in runs],
        answers=[results / "answers" / run / f"{benchmark}.jsonl" for run in runs],
    )


def _are_complete(files: ReportFiles) -> bool:
    """Return whether there are a score, verdicts and answers."""
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
