"""`vlmflow score`: score answers from any source with the workflow's scorer."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.benchmarks.base import PROTOCOL, FileNames, Files, load_benchmark
from pipeline_lib.cli.score_text import protocols_text, score_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.rescoring.protocols import compare_protocols, named_protocol, named_protocols
from pipeline_lib.rescoring.rescore import choose_reader, rescore, score_files_of, write_files
from pipeline_lib.scoring.published import known_figures
from pipeline_lib.scoring.quality import SUSPECT_ABOVE
from pipeline_lib.scoring.score import ScoreSettings


def score(
    answers: Annotated[Path, typer.Argument(help="answers in any form of docs/benchmarks.md: the content decides")],
    benchmark: Annotated[str, typer.Option(help="a module in pipeline_lib/benchmarks")],
    questions: Annotated[Path, typer.Option(help="the question file")],
    gold: Annotated[Path | None, typer.Option(help="the file or folder with the gold answers")] = None,
    protocol: Annotated[str | None, typer.Option(help=f"whose prompts, settings and scorer ({PROTOCOL})")] = None,
    protocols: Annotated[
        str | None, typer.Option(help="`all`, or names between commas: compare the grades by these protocols")
    ] = None,
    answers_from: Annotated[str | None, typer.Option(help="the form: a module in pipeline_lib/answer_files")] = None,
    published: Annotated[
        str | None, typer.Option(help="a model with published figures, such as llava15_13b, to compare with")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="a folder for the files of the benchmark's own scorer, such as scienceqa's"),
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the bootstrap and of --limit")] = 0,
    replies: Annotated[
        list[Path] | None, typer.Option(help="replies of a judge, or what a benchmark's own code made of them")
    ] = None,
    suspect_above: Annotated[
        float, typer.Option(min=0, max=1, help="share of unusable answers that marks the score")
    ] = SUSPECT_ABOVE,
    limit: Annotated[
        int | None, typer.Option(min=1, help="score about as many questions: those of a study with this limit and seed")
    ] = None,
    slice_: Annotated[
        int | None, typer.Option("--slice", min=1, help="score the first questions alone, as lmms-eval's --limit")
    ] = None,
    answer_in: Annotated[
        str | None, typer.Option(help="the tag of the section to score, such as CONCLUSION; by default all")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print the JSON that a study's score file has")] = False,
) -> None:
    """Print the metrics of answers, with 95 % intervals."""
    _check_paths(questions, gold)
    _expect_one_part(limit, slice_)
    compared = named_protocols(benchmark, protocols, protocol) if protocols is not None else []
    if compared:
        _expect_unused({"--published": published, "--write": write, "--answer-in": answer_in})
    settings = ScoreSettings(
        benchmark=benchmark,
        protocol=compared[0] if compared else named_protocol(benchmark, protocol),
        files=FileNames(questions=str(questions), gold=None if gold is None else str(gold)),
        seed=seed,
        suspect_above=suspect_above,
        limit=limit,
        slice=slice_,
        answer_in=answer_in,
    )
    files = Files(questions, gold)
    if compared:
        table = compare_protocols(answers, files, settings, compared, answers_from, _present(replies or []))
        typer.echo(pretty_json(table) if json else protocols_text(table), nl=not json)
        return
    if published is not None:
        settings = _with_published(published, settings)
    score_files = None if write is None else score_files_of(benchmark)
    rescored = rescore(answers, files, settings, choose_reader(answers, answers_from), _present(replies or []))
    typer.echo(pretty_json(rescored.score) if json else score_text(rescored.score), nl=not json)
    if write is not None and score_files is not None:
        for path in write_files(write, score_files(rescored.verdicts)):
            typer.echo(f"written: {path}", err=True)


def _with_published(model: str, settings: ScoreSettings) -> ScoreSettings:
    """Return settings with the published figures of a model; PipelineError if the benchmark states none."""
    module = load_benchmark(settings.benchmark, settings.protocol)
    return settings.model_copy(update={"published": known_figures(module, model, settings.benchmark)})


def _expect_unused(options: dict[str, object]) -> None:
    """Raise PipelineError for an option that a comparison of protocols does not know."""
    used = [name for name, value in options.items() if value]
    if used:
        cure = "leave it out, or name one protocol with --protocol"
        raise PipelineError("--protocols compares grades alone", where=", ".join(used), cure=cure)


def _expect_one_part(limit: int | None, slice_: int | None) -> None:
    if limit is not None and slice_ is not None:
        raise PipelineError(
            "two parts of the questions are named", where="--limit and --slice", cure="name one of them"
        )


def _check_paths(questions: Path, gold: Path | None) -> None:
    if not questions.exists():
        raise PipelineError("no such question file", where=questions, cure="name the benchmark's question file")
    if gold is not None and not gold.exists():
        raise PipelineError(
            "no such file or folder of gold answers", where=gold, cure="docs/benchmarks.md names the file"
        )


def _present(paths: list[Path]) -> list[Path]:
    """Return the paths of files of replies; a missing one raises PipelineError."""
    for path in paths:
        if not path.is_file():
            raise PipelineError("no such file of replies", where=path, cure="name the file of a judge's replies")
    return paths
