"""The model card of a checkpoint for the Hugging Face hub: scores, data, recipe and lineage, from records alone.

Source of the form: huggingface_hub 2.4 and newer, `ModelCard`, `ModelCardData` and `EvalResult`. Nothing is uploaded.
"""

from pathlib import Path
from typing import Iterator

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import ancestors, artefact_of
from pipeline_lib.lineage.exports.model_scores import ModelScore, ModelScores, model_scores
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.public import public, public_text
from pipeline_lib.lineage.records import Made, Records
from pipeline_lib.lineage.summary import summarise

TASK = "image-text-to-text"  # as transformers names the pipeline
DATA = ("fetch", "tabulate", "sample", "weights")  # stages whose artefacts a model was made from
TEMPLATE = "---\n{{ card_data }}\n---\n\n{{ body }}"


def model_card(records: Records, made: Made, name: str, is_adapter: bool, licence: str | None) -> ModelCard:
    """Return the card of a checkpoint under a name; `licence` is an identifier of the hub, None where it is unknown.

    Metrics are those of the score files, with all digits, and their 95 % intervals are in `metric_args`. No host, user
    or absolute path is in it.
    """
    above = ancestors(records, [made.path])
    scored = model_scores(records, made)
    results = [result for score in scored.scores for result in _results(score)]
    data = ModelCardData(
        license=licence,
        library_name="peft" if is_adapter else "transformers",
        pipeline_tag=TASK,
        tags=["vlmflow"],
        base_model=_repositories(above, "model") or None,
        datasets=_repositories(above, "dataset") or None,
        model_name=name,
        eval_results=results or None,
    )
    parts = [f"# {name}\n", *_lines(records, made, above, scored, licence)]
    card: ModelCard = ModelCard.from_template(data, template_str=TEMPLATE, body="\n".join(parts))
    return card


def _results(score: ModelScore) -> Iterator[EvalResult]:
    """Yield a result for every metric that has a value; `dataset_type` is the benchmark's name here."""
    for metric in score.metrics:
        value, interval = score.score.metrics[metric], score.score.interval.get(metric)
        if value is None:
            continue
        about = {"run": score.run, "questions": score.score.n, "marks": list(score.score.marks)}
        about |= {} if interval is None else {"interval_95": list(interval)}
        about |= {} if score.partial is None else {"partial": score.partial}
        yield EvalResult(
            task_type=TASK,
            dataset_type=score.benchmark,
            dataset_name=f"{score.benchmark} ({score.protocol})",
            dataset_config=score.protocol,
            dataset_args={"sha256": score.data},
            metric_type=metric,
            metric_value=value,
            metric_args=about,
        )


def _repositories(above: list[MadeRecord], kind: str) -> list[str]:
    """Return the hub's repositories of a kind that a model was made from, sorted."""
    sources = [record.settings.get("source") or {} for record in above if record.stage == "fetch"]
    hub = [source for source in sources if source.get("kind") == "hub"]
    return sorted({str(source["repository"]) for source in hub if source.get("type", "dataset") == kind})


def _lines(
    records: Records, made: Made, above: list[MadeRecord], scored: ModelScores, licence: str | None
) -> Iterator[str]:
    """Yield the lines of the card below its title."""
    yield from (f"- {public_text(text)}" for text in summarise(records, Reference(Path(made.path))).sentences)
    yield "\n## Scores\n"
    yield from _score_lines(scored)
    yield "\n## Data\n\nsha256 of the manifests, each of which lists the sha256 of every file:\n"
    yield from _table(("artefact", "sha256"), _data_rows(above, scored))
    yield f"\n## Recipe\n\n```json\n{pretty_json(public(_recipe(records, made.record).settings))}```"
    yield "\n## Lineage\n"
    yield from _table(("what", "sha256"), _lineage_rows(made, scored))
    commit = made.record.making["repository"].get("commit")
    dirty = ", with uncommitted changes" if made.record.making["repository"].get("dirty") else ""
    name = artefact_of(made.path)
    yield f"\nMade by vlmflow at commit {commit or 'null'}{dirty}. In its project, `vlmflow lineage show {name}` shows"
    yield f"every job above it, and `vlmflow lineage verify {name}` executes its job again and compares the bytes."
    yield "\n## Licence\n"
    yield f"{licence}" if licence else "null: no file states one, and nobody named one for this card."


def _score_lines(scored: ModelScores) -> Iterator[str]:
    if not scored.scores:
        yield "null: no score of this model is recorded."
    else:
        yield "Brackets: 95 % interval, from the bootstrap. A mark is a warning beside a score.\n"
        columns = ("benchmark", "protocol", "run", "metric", "value", "questions", "remarks")
        yield from _table(columns, (row for score in scored.scores for row in _score_rows(score)))
    yield from (f"\nLeft out: {public_text(reason)}." for reason in scored.left_out)


def _score_rows(score: ModelScore) -> Iterator[tuple[str, ...]]:
    remarks = ", ".join([*([score.partial] if score.partial else []), *score.score.marks])
    for metric in score.metrics:
        value, interval = score.score.metrics[metric], score.score.interval.get(metric)
        bounds = f" [{interval[0]:.4f}, {interval[1]:.4f}]" if interval else ""
        number = "null" if value is None else f"{value:.4f}{bounds}"
        yield score.benchmark, score.protocol, score.run, metric, number, str(score.score.n), remarks


def _data_rows(above: list[MadeRecord], scored: ModelScores) -> Iterator[tuple[str, ...]]:
    digests = {name: digest for record in above if record.stage in DATA for name, digest in record.outputs.items()}
    for score in scored.scores:
        digests |= score.data
    yield from ((f"`{artefact_of(name)}`", f"`{digest}`") for name, digest in sorted(digests.items()))


def _recipe(records: Records, record: MadeRecord) -> MadeRecord:
    """Return the record of the training that made a model: of a merged one, that of its adapter."""
    adapters = record.roles.get("adapter") or [] if record.stage == "merge" else []
    trained = [maker for name in adapters if (maker := records.find(name)) is not None]
    return trained[0] if trained else record


def _lineage_rows(made: Made, scored: ModelScores) -> Iterator[tuple[str, ...]]:
    yield f"manifest of the checkpoint, `{made.path}`", f"`{made.record.outputs[made.path]}`"
    yield f"its record, `{_relative(made)}`", f"`{digest_file(made.record_path)}`"
    for score in scored.scores:
        yield f"score, `{score.path}`", f"`{score.sha256}`"
        yield "its record", f"`{score.record_sha256}`"


def _relative(made: Made) -> str:
    return made.record.path or made.record_path.name


def _table(columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for row in (columns, ("---",) * len(columns), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
