"""One answer, from its question to what its model was trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pyarrow import compute, parquet

from pipeline_lib.benchmarks.base import FileNames, Question, load_benchmark, open_files
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.plugins import load
from pipeline_lib.core.text import read_lines
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.lineage.ancestors import ancestors, artefact_of, narrowed
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.public import public
from pipeline_lib.lineage.records import Records
from pipeline_lib.prompts import base as prompts

SOME = 3  # ids of rows that show the same image


@dataclass(frozen=True)
class TracedImage:
    """An image of the question: its bytes, where they lie, the index that lists it, and the source of the bytes."""

    path: str
    sha256: str
    size: int
    pixels: str  # the rule that turns the bytes into RGB
    stored: str
    raw_sha256: str
    index: str
    source: dict[str, Any]


@dataclass(frozen=True)
class TracedTraining:
    """A training above the model: its subset and rows, and how many of them show an image of the question.

    `same_image` is None where the subset is not here.
    """

    checkpoint: str
    recipe: str
    subset: str | None
    rows: int | None
    same_image: int | None
    examples: list[str]


@dataclass(frozen=True)
class Trace:
    """An answer with all that it stands on; `prompt` is the exact text, None where a server forms it."""

    id: str
    benchmark: str
    protocol: str
    question: str
    prompt: str | None
    images: list[TracedImage]
    settings: dict[str, Any]
    answer: dict[str, Any]
    verdict: dict[str, Any]
    model: str | None
    model_sha256: str | None
    trainings: list[TracedTraining]


def trace_answer(records: Records, reference: Reference, row: str) -> Trace:
    """Return the trace of a run's answer to the question with an id; an unknown one raises PipelineError."""
    output = narrowed(records, reference)
    scored = records.made(Path(output)).record
    if scored.stage != "score":
        cure = f"name a run: {reference.path}#/runs/NAME, or results/scores/RUN/BENCHMARK.json"
        raise PipelineError("this is no score of one run", where=str(reference), cure=cure)
    verdict = _verdict(scored, row)
    predicted = records.made(Path(scored.roles["answers"][0])).record
    question = _question(scored, predicted, row)
    model = next(iter(predicted.roles.get("model") or []), None)
    images = [_image(records, predicted, path) for path in question.images]
    return Trace(
        id=row,
        benchmark=str(scored.settings["benchmark"]),
        protocol=str(scored.settings["protocol"]),
        question=question.prompt,
        prompt=_prompt(predicted, question),
        images=images,
        settings=public(predicted.settings),
        answer=_answer(scored, question),
        verdict=verdict,
        model=None if model is None else artefact_of(model),
        model_sha256=None if model is None else predicted.inputs[model],
        trainings=[] if model is None else _trainings(records, model, images),
    )


def _verdict(scored: MadeRecord, row: str) -> dict[str, Any]:
    path = next(Path(name) for name in scored.outputs if name.endswith(".parquet"))
    if not path.is_file():
        raise PipelineError("the verdicts are not here", where=path, cure=f"snakemake -c2 {path}, or dvc pull")
    table = parquet.read_table(path)
    rows: list[dict[str, Any]] = table.filter(compute.equal(table["id"], row)).to_pylist()
    if not rows:
        cure = suggest(row, table["id"].to_pylist(), f"ids are those of {path}, such as {table['id'][0].as_py()!r}")
        raise PipelineError("no question has this id", where=path, value=row, cure=cure)
    return rows[0]


def _question(scored: MadeRecord, predicted: MadeRecord, row: str) -> Question:
    cache = DigestCache()
    shards = [Manifest(Path(path), cache) for path in scored.roles["questions"]]
    files = open_files(shards, FileNames.model_validate(scored.settings["files"]))
    module = load_benchmark(str(scored.settings["benchmark"]), str(scored.settings["protocol"]))
    questions = module.questions(files, str(predicted.settings["protocol"]))
    return next(each for each in questions if each.id == row)


def _answer(scored: MadeRecord, question: Question) -> dict[str, Any]:
    """Return the record of the answer, empty where the model gave none."""
    names = {question.id, str(question.record.get("question_id", question.id))}
    path = Manifest(Path(scored.roles["answers"][0]), DigestCache()).only_file()
    matching = [record for record in read_lines(path) if str(record.get("question_id")) in names]
    same = [record for record in matching if record.get("prompt") == question.prompt]
    return next(iter([*same, *matching]), {})


def _prompt(predicted: MadeRecord, question: Question) -> str | None:
    """Return the text that the model read, with `<image>` for the tokens of an image; see `engines.transformers`."""
    template = predicted.settings.get("template")
    if not template:
        return None
    segments = prompts.question(
        cast(prompts.Template, load("prompts", str(template))), question.prompt, len(question.images)
    )
    return "".join(segment.text for segment in segments)


def _image(records: Records, predicted: MadeRecord, path: str) -> TracedImage:
    for manifest in predicted.roles.get("indexes") or []:
        table = parquet.read_table(Path(artefact_of(manifest) + ".parquet"))
        for row in table.filter(compute.equal(table["path"], path)).to_pylist():
            source = _source(records, str(manifest), str(row["container"]))
            stored, listed = f"{row['container']}/{row['member']}", artefact_of(str(manifest))
            bytes_and_rule = row["sha256"], row["size"], row["pixels"]
            return TracedImage(path, *bytes_and_rule, stored, row["source_sha256"], listed, source)
    raise PipelineError("no index has this image any more", value=path, cure="vlmflow check")


def _source(records: Records, index: str, container: str) -> dict[str, Any]:
    """Return the source of the shard that a container belongs to."""
    shard = Path(container).name.removesuffix(".tar")
    for above in ancestors(records, [index]):
        if above.stage == "fetch" and any(Path(artefact_of(name)).name == shard for name in above.outputs):
            source: dict[str, Any] = public(above.settings["source"])
            return source
    return {}


def _trainings(records: Records, model: str, images: list[TracedImage]) -> list[TracedTraining]:
    trained = [record for record in ancestors(records, [model]) if record.stage == "train"]
    return [_training(record, {image.sha256 for image in images}) for record in reversed(trained)]


def _training(record: MadeRecord, pins: set[str]) -> TracedTraining:
    subset = next(iter(record.roles.get("subset") or []), None)
    same = [] if subset is None else _rows_with(Path(artefact_of(subset) + ".parquet"), pins)
    recipe = str(record.settings["recipe"]["name"])
    names = artefact_of(next(iter(record.outputs))), recipe, None if subset is None else artefact_of(subset)
    count = None if same is None else len(same)
    return TracedTraining(*names, record.notes.get("rows") if subset else None, count, (same or [])[:SOME])


def _rows_with(subset: Path, pins: set[str]) -> list[str] | None:
    """Return the ids of the rows of a subset that show one of the images, None where the subset is not here."""
    if not subset.is_file():
        return None
    columns = parquet.read_table(subset, columns=["id", "image_sha256"]).to_pydict()
    pins_of_rows = ({pin.partition(":")[0] for pin in (text or "").split()} for text in columns["image_sha256"])
    return [name for name, digests in zip(columns["id"], pins_of_rows, strict=True) if digests & pins]
