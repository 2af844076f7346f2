"""Score a file of answers in any form, and say how it was read."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Mapping, Sequence, cast

from pipeline_lib.answer_files.base import Reader, choose, look
from pipeline_lib.benchmarks.base import Files, QuestionCheck, Verdict, check_questions, load_benchmark
from pipeline_lib.benchmarks.families.judging import judged_scorer
from pipeline_lib.core.digests import digest_file, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names
from pipeline_lib.rehearsal.questions import Part
from pipeline_lib.scoring.question_lookup import QuestionLookup
from pipeline_lib.scoring.score import ScoreSettings, open_judging
from pipeline_lib.scoring.scored import Scored, score_joined

ScoreFiles = Callable[[list[Verdict]], Mapping[str, bytes]]


@dataclass(frozen=True)
class Choice:
    """A reader with its name, and what the file cannot tell other protocols."""

    name: str
    reader: Reader
    notes: tuple[str, ...]


def choose_reader(answers: Path, name: str | None) -> Choice:
    """Return the reader of this name, or the one that fits a file; PipelineError if there is none."""
    name, reader = choose(answers, name)
    note = reader.note(look(answers)) if hasattr(reader, "note") else ""
    return Choice(name, reader, (note,) if note else ())


def rescore(
    answers: Path, files: Files, settings: ScoreSettings, choice: Choice, replies: Sequence[Path] = ()
) -> Scored:
    """Return the score of a file of answers, with the reader's name as `answers_from` and its `notes`.

    `replies` are those of a judge; PipelineError for a benchmark that none judges.
    """
    expect_judged(replies, settings)
    checked = check_questions(settings.benchmark, settings.protocol, files)
    lookup = QuestionLookup(settings.benchmark, settings.protocol, files, checked.questions, checked.gold)
    joined = choice.reader.join(answers, lookup)
    chosen = chosen_questions(checked, settings)
    judging = open_judging(settings, files, joined.answer_ids, replies)
    scored = score_joined(joined.only(chosen), checked, settings, digest_of(answers), chosen, judging)
    return replace(scored, score={**scored.score, "answers_from": choice.name, "notes": [*choice.notes, *joined.notes]})


def expect_judged(replies: Sequence[Path], settings: ScoreSettings) -> None:
    """Raise PipelineError for replies to a benchmark that no judge grades."""
    if replies and judged_scorer(load_benchmark(settings.benchmark, settings.protocol).SCORER) is None:
        cure = "leave the replies out"
        raise PipelineError("no judge grades this benchmark", where=replies[0], value=settings.benchmark, cure=cure)


def score_files_of(benchmark: str) -> ScoreFiles:
    """Return what makes the files that a benchmark's own scorer writes; PipelineError if the benchmark states none."""
    module = load("benchmarks", benchmark)
    if not hasattr(module, "score_files"):
        known = [name for name in names("benchmarks") if hasattr(load("benchmarks", name), "score_files")]
        cure = f"omit --write; benchmarks with such files: {', '.join(known)}"
        raise PipelineError("this benchmark states no files of its own scorer", value=benchmark, cure=cure)
    return cast(ScoreFiles, module.score_files)


def write_files(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, make it if need be, and return their paths."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        what = f"the files of this benchmark's own scorer cannot be written: {error.strerror or error}"
        raise PipelineError(what, where=folder, cure="name a folder") from error
    return [folder / name for name in contents]


def chosen_questions(checked: QuestionCheck, settings: ScoreSettings) -> set[str] | None:
    """Return the ids of the questions of a limit or slice, None for all."""
    if settings.part() is None:
        return None
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    part = Part(settings.limit, settings.slice, settings.seed)
    return {question.id for question in part.of(checked.questions, benchmark.cluster)}


def digest_of(path: Path) -> str:
    """Return the sha256 of a file, or of the names and digests of the files in a folder."""
    if not path.is_dir():
        return digest_file(path)
    return digest_text(
        "\n".join(f"{file.name} {digest_file(file)}" for file in sorted(path.iterdir()) if file.is_file())
    )
