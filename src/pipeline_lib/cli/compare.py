"""`vlmflow compare`: the answers of two runs, or two files of answers to the same questions, row by row."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.cli.options import StudyOption
from pipeline_lib.cli.score_text import SHOWN
from pipeline_lib.config.load import DEFAULT
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.rescoring.compare import Compared, compare_answers
from pipeline_lib.rescoring.protocols import named_protocol
from pipeline_lib.scoring.score import ScoreSettings

LISTED = 20  # differences


def compare(
    first: Annotated[str, typer.Argument(help="a run of the study, or a file of answers in any form")],
    second: Annotated[str, typer.Argument(help="another run, or a file of answers to the same questions")],
    study: StudyOption = DEFAULT,
    benchmark: Annotated[
        str | None, typer.Option(help="one benchmark of the study; of files, a module in pipeline_lib/benchmarks")
    ] = None,
    questions: Annotated[Path | None, typer.Option(help="of files: the question file")] = None,
    gold: Annotated[Path | None, typer.Option(help="of files: the file or folder with the gold answers")] = None,
    protocol: Annotated[str | None, typer.Option(help="of files: whose prompts, settings and scorer")] = None,
    images: Annotated[
        list[Path] | None, typer.Option(help="of files: an index of the images, data/images/DATASET/index.parquet")
    ] = None,
    slice_: Annotated[
        int | None, typer.Option("--slice", min=1, help="of files: the first questions alone, as lmms-eval's --limit")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON, with every difference")] = False,
) -> None:
    """Print both scores, of two runs also whether they differ, and why answers of two runs or files differ."""
    if questions is None:
        results = _of_runs(study, (first, second), benchmark)
    else:
        paths = (Path(first), Path(second))
        _expect_present(*paths, questions, *([gold] if gold else []), *(images or []))
        if benchmark is None:
            raise PipelineError("files of answers do not name their benchmark", where=first, cure="add --benchmark")
        settings = ScoreSettings(
            benchmark=benchmark,
            protocol=named_protocol(benchmark, protocol),
            files=FileNames(questions=str(questions), gold=None if gold is None else str(gold)),
            slice=slice_,
        )
        compared = compare_answers(paths, Files(questions, gold), settings, ImageReader(images or []))
        results = {benchmark: compared}
    if json:
        tree = results if questions is None else next(iter(results.values()))
        typer.echo(pretty_json(tree), nl=False)
        return
    texts = [_text(compared, {"first": first, "second": second}) for compared in results.values()]
    headed = zip(results, texts, strict=True) if questions is None else [("", texts[0])]
    typer.echo("\n\n".join(f"{name}\n{text}" if name else text for name, text in headed))


def _of_runs(study: str, runs: tuple[str, str], benchmark: str | None) -> dict[str, Compared]:
    """Return how answers and scores of two runs differ, by benchmark."""
    from pipeline_lib.cli.compared_runs import compared_runs  # reads the study
    from pipeline_lib.cli.compared_scores import compared_scores

    results, pairs = compared_runs(study, runs, benchmark), compared_scores(study, runs)
    return {name: {**compared, "paired": pairs.get(name)} for name, compared in results.items()}


def _expect_present(*paths: Path) -> None:
    for path in paths:
        if not path.exists():
            raise PipelineError("no such file", where=path, cure="name an existing file")


def _text(compared: Compared, names: dict[str, str]) -> str:
    lines = [f"{side}: {names[side]}: {_metric(score)}" for side, score in compared["scores"].items()]
    lines += _paired(compared.get("paired"), names)
    lines.append(f"{compared['equal']} of {compared['questions']} answers are equal")
    lines += [f"  {count} x {reason}" for reason, count in compared["reasons"].items()]
    rows = compared["differences"]
    if rows:
        lines.append(f"{compared['change_the_score']} of the {len(rows)} differences change the score:")
    lines += [_row(row) for row in rows[:LISTED]]
    if len(rows) > LISTED:
        lines.append(f"  and {len(rows) - LISTED} more: --json lists all")
    return "\n".join(lines)


def _paired(paired: dict[str, Any] | None, names: dict[str, str]) -> list[str]:
    """Return what the comparison of the scores says, and the exact test where grades have one."""
    if paired is None:
        return []
    if paired["p"] is None:
        return [paired["sentence"]]
    alone = ", ".join(f"{names[side]} alone is right on {paired[f'{side}_only']}" for side in ("first", "second"))
    test = f"{alone} of {paired['units']}: McNemar p = {paired['p']:.2g}, by Holm {paired['adjusted_p']:.2g}"
    return [paired["sentence"], test]


def _row(row: dict[str, Any]) -> str:
    return f"  {row['id']}: {_answer(row['first'])} against {_answer(row['second'])}: {row['reason']}"


def _metric(score: dict[str, Any]) -> str:
    name = score["primary"]
    value = None if name is None else score["metrics"][name]
    return f"{name} {'none' if value is None else format(value, '.4f')}, answers read as {score['answers_from']}"


def _answer(side: dict[str, Any]) -> str:
    return repr(side["answer"][:SHOWN]) if side["answer"] is not None else "no answer"
