"""The scores of one model whose records and digests lead to its present bytes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from pipeline_lib.benchmarks.base import load_benchmark
from pipeline_lib.core.digests import digest_file
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.records import Made, Records
from pipeline_lib.scoring.shown import ShownScore, read_shown

REHEARSALS = ("smoke", "partial")  # folders of results


@dataclass(frozen=True)
class ModelScore:
    """A score of a run of the model: its file and record with their sha256, and the data that it stands on.

    `metrics` are the names to show, the primary one first; `data` the sha256 by the manifest of questions, gold and
    images. `partial` says why it is not the benchmark's number, None where it is.
    """

    run: str
    benchmark: str
    protocol: str
    path: str
    sha256: str
    record_sha256: str
    score: ShownScore
    metrics: tuple[str, ...]
    data: dict[str, str]
    partial: str | None


@dataclass(frozen=True)
class ModelScores:
    """The scores of a model, and the reason for every further one that is not of its present bytes."""

    scores: tuple[ModelScore, ...]
    left_out: tuple[str, ...]


def model_scores(records: Records, made: Made) -> ModelScores:
    """Return the scores of the runs of a model, or, of an adapter, of the model that it is merged into."""
    scores: list[ModelScore] = []
    left_out: list[str] = []
    for record_path, record, prediction in _scored(records, made.path):
        path = next(name for name in record.outputs if name.endswith(".json"))
        fault = _fault(records, made, record, prediction)
        score = read_shown(records.root / path)
        if fault is None and score is None:
            fault = "its file has no score"
        if fault is not None or score is None:
            left_out.append(f"{path}: {fault}")
        else:
            scores.append(_score(path, record_path, record, prediction, score))
    return ModelScores(tuple(scores), tuple(left_out))


def _scored(records: Records, model: str) -> Iterator[tuple[Path, MadeRecord, MadeRecord]]:
    """Yield the record of every score of a model with its path, and the record of the answers."""
    models = {model, *_merged_from(records, model)}
    for path, record in records.all():
        if record.stage == "score" and record.succeeded:
            for answers in record.roles.get("answers") or []:
                prediction = records.find(answers)
                if prediction is not None and models.intersection(prediction.roles.get("model") or []):
                    yield path, record, prediction


def _merged_from(records: Records, adapter: str) -> list[str]:
    """Return the models that an adapter is merged into."""
    merges = [record for _, record in records.all() if record.stage == "merge"]
    return [name for record in merges if adapter in (record.roles.get("adapter") or []) for name in record.outputs]


def _fault(records: Records, made: Made, record: MadeRecord, prediction: MadeRecord) -> str | None:
    """Return how the digests from a model to its score do not follow from each other, None where they do."""
    path = next(name for name in record.outputs if name.endswith(".json"))
    altered = records.made(Path(path)).altered
    if altered is not None:
        return f"it is {altered}"
    inputs = [*record.inputs.items(), *((name, prediction.inputs[name]) for name in prediction.roles["model"])]
    if made.path not in prediction.inputs:  # an adapter: the answers are those of the merged model
        inputs += [item for name in prediction.roles["model"] for item in _inputs_of(records, name)]
    for name, digest in inputs:
        maker = records.find(name)
        if maker is not None and maker.outputs[name] != digest:
            return f"it stands on an earlier {name}"
    return None


def _inputs_of(records: Records, name: str) -> list[tuple[str, str]]:
    maker = records.find(name)
    return [] if maker is None else list(maker.inputs.items())


def _score(path: str, record_path: Path, record: MadeRecord, prediction: MadeRecord, score: ShownScore) -> ModelScore:
    benchmark, protocol = str(record.settings["benchmark"]), str(record.settings["protocol"])
    names = dict.fromkeys([*([score.primary] if score.primary else []), *load_benchmark(benchmark, protocol).SHOWN])
    read = [
        name
        for each in (record, prediction)
        for role in ("questions", "indexes")
        for name in each.roles.get(role) or []
    ]
    digests = {**prediction.inputs, **record.inputs}
    return ModelScore(
        run=str(prediction.settings["model_id"]),
        benchmark=benchmark,
        protocol=protocol,
        path=path,
        sha256=record.outputs[path],
        record_sha256=digest_file(record_path),
        score=score,
        metrics=tuple(name for name in names if name in score.metrics),
        data={name: digests[name] for name in dict.fromkeys(read)},
        partial=_partial(path, record, score),
    )


def _partial(path: str, record: MadeRecord, score: ShownScore) -> str | None:
    if any(part in REHEARSALS for part in Path(path).parts[1:-3]):
        return "a rehearsal, not a result"
    if record.settings.get("limit") is not None or record.settings.get("slice") is not None:
        scope = score.scope
        return "a part of the benchmark" if scope is None else f"{scope.answered} of {scope.of} questions"
    return None
