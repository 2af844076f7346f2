"""Scores, verdicts, answers and training curves of a study as pandas data frames.

They come from the readers of `vlmflow show` and of the report page. `status` in every frame is what `vlmflow show` and
`vlmflow status` print: anything but `ok` and `removed` is not what the study would give now.
"""

import warnings
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping

import pandas as pd

from pipeline_lib.config.load import DEFAULT
from pipeline_lib.config.rehearsal import stamp_text
from pipeline_lib.core.parquet import read_rows
from pipeline_lib.lineage.score_rows import ScoreRow, score_rows
from pipeline_lib.report.read import prompts_of
from pipeline_lib.results.located import LocatedStudy, locate
from pipeline_lib.scoring.answers import read_answers
from pipeline_lib.training.curve import HEADER, VALIDATED, Step, read_curve

SCORES = {
    **{"benchmark": "str", "run": "str", "metric": "str", "value": "float64", "low": "float64", "high": "float64"},
    **{"primary": "bool", "n": "Int64", "unparsed": "Int64", "missing": "Int64", "marks": "str"},
    **{"protocol": "str", "partial": "str", "status": "str", "cause": "str"},
}
VERDICTS = {
    **{"benchmark": "str", "run": "str", "question": "str", "part": "str", "images": "object", "prompt": "str"},
    **{"gold": "str", "answer": "str", "extracted": "str", "grade": "float64", "rule": "str"},
    **{"reading": "str", "status": "str"},
}
ANSWERS = {
    **{"benchmark": "str", "run": "str", "question": "str", "prompt": "str", "answer": "str", "failed": "bool"},
    **{"tokens": "Int64", "earlier": "object", "status": "str"},
}
CURVES = {"training": "str", HEADER[0]: "int64", **dict.fromkeys((*HEADER[1:], *VALIDATED), "float64"), "status": "str"}


def scores(study: str | Path = DEFAULT, root: str | Path = ".") -> pd.DataFrame:
    """Return a row for every metric of every run on every scored benchmark, in the order of the study.

    `value` is a share from 0 to 1 unless the benchmark counts otherwise, `low` and `high` are its 95 % interval, NaN
    where it has none; `primary` marks the benchmark's first metric. `partial` says why a score is not the benchmark's
    number, and is missing where it is. A run without score has one row, without metric. Errors: see `locate`; a study
    without any score raises PipelineError.
    """
    located = locate(study, root)
    by_benchmark = {
        name: score_rows(located.results, name, located.study.runs, located.jobs, located.root)
        for name in located.paths.scored()
    }
    if not any(row.score for rows in by_benchmark.values() for row in rows):
        raise located.not_made("score")
    return _frame(
        (line for name, rows in by_benchmark.items() for row in rows for line in _scores(located, name, row)), SCORES
    )


def verdicts(study: str | Path = DEFAULT, root: str | Path = ".") -> pd.DataFrame:
    """Return a row for every question and run: the answer, what was read from it (`extracted`), `gold` and `grade`.

    `grade` is from 0 to 1, `rule` the rule that decided it, and `reading` what became of the answer, such as `ok` or
    `unparsed`; `gold` and `extracted` are texts, or another value as JSON, `images` lists names. `prompt` is missing
    where the answers are not here. A warning names the absent files. Errors: see `locate`; a study
    without any verdict raises PipelineError.
    """
    located = locate(study, root)
    files = list(located.of_runs("verdicts", ".parquet", located.paths.scored()))
    return _frame((row for each in _present(located, "verdicts", files) for row in _verdicts(located, *each)), VERDICTS)


def answers(study: str | Path = DEFAULT, root: str | Path = ".") -> pd.DataFrame:
    """Return a row for every record of every run's answers, also on benchmarks without public gold.

    `question` is the id in the record; `tokens` their number; `failed` marks a question that the model or its server
    did not answer; `earlier` lists the texts before the last one, of runs that review their answers. See `verdicts`
    for runs without answers.
    """
    located = locate(study, root)
    files = list(located.of_runs("answers", ".manifest.json", located.study.benchmarks))
    return _frame((row for each in _present(located, "answers", files) for row in _answers(located, *each)), ANSWERS)


def curves(study: str | Path = DEFAULT, root: str | Path = ".") -> pd.DataFrame:
    """Return a row for every optimiser step of the trainings that the runs need: the batch's mean loss, rate, norm.

    The columns are those of `TRAINING.curve.csv`; the ones about validation are NaN but at the end of an epoch with
    validation rows. A study without trainings has an empty frame; see `verdicts` for trainings without curve.
    """
    located = locate(study, root)
    files = [("", Path(path).name.removesuffix(".curve.csv"), path) for path in located.paths.curves()]
    present = _present(located, "curves", files) if files else []
    return _frame((row for _, name, path in present for row in _steps(located, name, path)), CURVES)


def _present(located: LocatedStudy, what: str, files: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the files that exist; a warning names the others, and PipelineError is raised where there is none."""
    present = [each for each in files if (located.root / each[2]).is_file()]
    if not present:
        raise located.not_made(what)
    absent = [path for _, _, path in files if not (located.root / path).is_file()]
    if absent:
        warnings.warn(f"not made yet, and so without rows: {', '.join(absent)}", stacklevel=3)
    return present


def _scores(located: LocatedStudy, benchmark: str, row: ScoreRow) -> Iterator[dict[str, Any]]:
    use = located.study.benchmarks[benchmark]
    about = {
        "benchmark": benchmark,
        "run": row.run,
        "protocol": use.protocol,
        "partial": stamp_text(located.study, use),
    }
    standing = {"status": row.status.value, "cause": row.cause or None}
    score = row.score
    if score is None:
        yield {**about, **standing, "primary": False}
        return
    counts = {
        "n": score.n,
        "unparsed": score.unparsed,
        "missing": score.missing,
        "marks": ", ".join(score.marks) or None,
    }
    for metric, value in score.metrics.items():
        low, high = score.interval.get(metric) or (None, None)
        number = {"metric": metric, "value": value, "low": low, "high": high, "primary": metric == score.primary}
        yield {**about, **number, **counts, **standing}


def _verdicts(located: LocatedStudy, benchmark: str, run: str, path: str) -> Iterator[dict[str, Any]]:
    rows = read_rows(located.root / path)
    asked_in = located.root / located.results / "answers" / run / f"{benchmark}.jsonl"
    prompts = prompts_of(rows, asked_in) if asked_in.is_file() else {}
    status = located.status(path).value
    for row in rows:
        about = {"benchmark": benchmark, "run": run, "question": row["id"], "prompt": prompts.get(row["id"])}
        yield {**row, **about, "reading": row["status"], "status": status}


def _answers(located: LocatedStudy, benchmark: str, run: str, path: str) -> Iterator[dict[str, Any]]:
    status = located.status(path).value
    for answer in read_answers(located.root / path.replace(".manifest.json", ".jsonl")):
        row = answer.row
        *earlier, last = row.turns()
        yield {
            **{"benchmark": benchmark, "run": run, "question": row.question_id, "prompt": row.prompt},
            **{"answer": last.text, "failed": row.status == "failed", "tokens": last.tokens},
            **{"earlier": [turn.text for turn in earlier], "status": status},
        }


def _steps(located: LocatedStudy, training: str, path: str) -> Iterator[dict[str, Any]]:
    status = located.status(path).value
    for step in read_curve(located.root / path):
        yield {"training": training, **_columns(step), "status": status}


def _columns(step: Step) -> Mapping[str, float | None]:
    validated = step.validated or (None,) * len(VALIDATED)
    return dict(zip((*HEADER, *VALIDATED), (*step[: len(HEADER)], *validated), strict=True))


def _frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rows with these columns of these types, in this order; a column that a row lacks is missing in it."""
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))
