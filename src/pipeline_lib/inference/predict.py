"""The predict stage: an engine answers the questions of a benchmark, and every answer becomes a record."""

from typing import Any, cast

from pipeline_lib.benchmarks.base import Files, Question, load_benchmark, only
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.file_rows import number_or_text
from pipeline_lib.core.plugins import load
from pipeline_lib.engines.base import Engine, EngineModule, Places, Reply, Request
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.inference.settings import PredictSettings
from pipeline_lib.job.manifest import Manifest

ANSWER_ID_LENGTH = 22  # characters, as in LLaVA


def answer_benchmark(
    model: Manifest | None,
    files: Files,
    images: ImageReader,
    settings: PredictSettings,
    places: Places,
    chosen: set[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the answer records of a model for a benchmark, or for the `chosen` ones of its questions.

    `model` is None for an engine that brings its own. The folder `state` of `places` has the replies that an
    interrupted job had.
    """
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    module = cast(EngineModule, load("engines", settings.engine.name))
    folder, digest = (None, None) if model is None else (model.folder(), model.sha256)
    engine = module.open_engine(settings.engine, folder, images, settings, places)
    questions = only(benchmark.questions(files, settings.protocol), chosen)
    return predict(engine, questions, settings, digest, SavedReplies(places.state / "replies.jsonl"))


def predict(
    engine: Engine, questions: list[Question], settings: PredictSettings, model: str | None, saved: SavedReplies
) -> list[dict[str, Any]]:
    """Return the answer record for every question, in their order; `model` is the digest in the records."""
    for reply in engine.answer([_request(question, settings) for question in questions], saved):
        saved.add(reply)
    return [_record(question, saved[question.id], settings.model_id, model) for question in questions]


def _request(question: Question, settings: PredictSettings) -> Request:
    padded_first = settings.as_original and question.padded_first
    return Request(question.id, question.prompt, question.images, settings.max_new_tokens, padded_first)


def _record(question: Question, reply: Reply, model_id: str, model: str | None) -> dict[str, Any]:
    """Return a record in LLaVA's format; `answer_id`, random there, is a digest: equal answers give equal files.

    `metadata`, empty there, contains the model's digest, or what an endpoint says of its model, the count of the
    answer's tokens, and why it stopped: at its `end`, or at the `length` that is allowed. A failed reply has its
    `status`, and its reason as text.
    """
    answer_id = digest_text(f"{model_id}\x1f{question.id}\x1f{reply.text}")[:ANSWER_ID_LENGTH]
    record = {
        "question_id": number_or_text(question.id),
        "prompt": question.prompt,
        "text": reply.text,
        "answer_id": answer_id,
        "model_id": model_id,
        "metadata": {"model": model, "tokens": reply.tokens, "stop": reply.stop, **reply.facts},
        **question.record,
    }
    return record if reply.status == "ok" else {**record, "status": reply.status}
