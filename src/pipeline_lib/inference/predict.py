"""The predict stage: an engine answers the questions of a benchmark, and every answer becomes a record."""

import logging
from typing import Any, cast

from pipeline_lib.benchmarks.base import Files, Question, load_benchmark, only, some
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import number_or_text
from pipeline_lib.core.plugins import load
from pipeline_lib.engines.base import Engine, EngineModule, EnginePaths, Request
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.collapse import CollapseProbe, mixed
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.inference.settings import PredictSettings
from pipeline_lib.inference.turns import earlier_answers, metadata_of, requests_about, turns_of
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.job.progress import Progress

ANSWER_ID_LENGTH = 22  # characters, as in LLaVA

logger = logging.getLogger(__name__)


def answer_benchmark(
    model: Manifest | None,
    files: Files,
    images: ImageReader,
    settings: PredictSettings,
    paths: EnginePaths,
    chosen: set[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the answer records of a model for a benchmark, or for the `chosen` ones of its questions.

    `model` is None for an engine that brings its own. The folder `state` of `paths` has the replies that an
    interrupted job had.
    """
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    module = cast(EngineModule, load("engines", settings.engine.name))
    folder, digest = (None, None) if model is None else (model.folder(), model.sha256)
    engine = module.open_engine(settings.engine, folder, images, settings, paths)
    questions = only(benchmark.questions(files, settings.protocol), chosen)
    return predict(engine, questions, settings, digest, SavedReplies(paths.state / "replies.jsonl"))


def predict(
    engine: Engine, questions: list[Question], settings: PredictSettings, model: str | None, saved: SavedReplies
) -> list[dict[str, Any]]:
    """Return the answer record for every question, in their order; `model` is the digest in the records.

    Raises PipelineError for equal first answers, if the settings say so; they are saved.
    """
    turns = turns_of(settings)
    probe = CollapseProbe(saved) if settings.on_collapse == "stop" else None
    for turn in range(turns):
        if turns > 1:
            logger.info("turn %d of %d", turn + 1, turns)
        every = [list(requests_about(question, settings, saved)) for question in questions]
        requests = [each[turn] for each in every if turn < len(each)]
        answered = {each.id for each in requests if each.id in saved and saved[each.id].status == "ok"}
        if len(answered) == len(requests):
            continue
        progress = Progress("questions", len(requests), len(answered))
        for reply in engine.answer(requests if probe is None else mixed(requests), saved):
            saved.add(reply)
            answered.add(reply.id)  # some are answered again, beside others of their batch
            progress.at(len(answered))
            if probe is not None:
                probe.see(reply)
        _expect_replies(requests, saved)
    return [_record(question, settings, saved, model) for question in questions]


def _expect_replies(requests: list[Request], saved: SavedReplies) -> None:
    """Raise PipelineError if an engine has left out a question, of its processes' shares perhaps."""
    lacking = [request.id for request in requests if request.id not in saved]
    if lacking:
        what = f"the engine gave no reply to {len(lacking)} of {len(requests)} questions"
        raise PipelineError(what, value=some(lacking), cure="run the same command: it asks only these")


def _record(question: Question, settings: PredictSettings, saved: SavedReplies, model: str | None) -> dict[str, Any]:
    """Return a record in LLaVA's format; `answer_id`, random there, is a digest: equal answers give equal files.

    `metadata`, empty there, contains the model's digest, or what an endpoint says of its model, the count of the
    answer's tokens, and why it stopped: at its `end`, or at the allowed `length`. A failed reply has its
    `status`, and its reason as text. With a review, the text is the last answer, and `earlier` has those before it.
    """
    replies = [saved[request.id] for request in requests_about(question, settings, saved)]
    reply, model_id, review = replies[-1], settings.model_id, settings.review
    answer_id = digest_text(f"{model_id}\x1f{question.id}\x1f{reply.text}")[:ANSWER_ID_LENGTH]
    record = {
        "question_id": number_or_text(question.id),
        "prompt": question.prompt,
        "text": reply.text,
        "answer_id": answer_id,
        "model_id": model_id,
        "metadata": metadata_of(reply, model),
        **question.record,
        **({"earlier": earlier_answers(replies, question, review, model)} if review else {}),
    }
    return record if reply.status == "ok" else {**record, "status": reply.status}
