"""The predict stage: a model answers questions greedily; the batch size does not change the answers."""

import logging
import re
from pathlib import Path
from typing import Any, cast

from pipeline_lib.benchmarks.base import Files, Question, load_benchmark, only
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.images.decode import UnreadableImageError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.saved import SavedTexts
from pipeline_lib.inference.settings import PredictSettings
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.models.determinism import make_deterministic
from pipeline_lib.models.family import Batch, Shown, Vlm, load_family
from pipeline_lib.models.opening import load_vlm
from pipeline_lib.models.portable import operations
from pipeline_lib.prompts.base import Template, question

logger = logging.getLogger(__name__)

ANSWER_ID_LENGTH = 22  # characters, as in LLaVA


def answer_benchmark(
    model: Manifest,
    files: Files,
    images: ImageReader,
    settings: PredictSettings,
    state: Path,
    chosen: set[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the answer records of a checkpoint for a benchmark, or for the `chosen` ones of its questions.

    `state` is the folder with the texts that an interrupted job had generated.
    """
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    vlm = load_vlm(model.folder())
    make_deterministic(seed=0, threads=settings.threads, device=settings.device)  # greedy answers draw nothing
    vlm.model.eval().to(settings.device)
    saved = SavedTexts(state / "texts.jsonl")
    questions = only(benchmark.questions(files, settings.protocol), chosen)
    return predict(vlm, questions, images, settings, model.sha256, saved)


def predict(
    vlm: Vlm,
    questions: list[Question],
    images: ImageReader,
    settings: PredictSettings,
    model: str,
    saved: SavedTexts,
) -> list[dict[str, Any]]:
    """Return the model's answer record for every question, in their order; `model` is the digest in the records.

    A batch whose texts are saved is not generated again.
    """
    template = cast(Template, load("prompts", str(vlm.card.template)))
    prompts = [_prompt(vlm, template, question, images) for question in questions]
    _expect_room(vlm, questions, prompts, settings.max_new_tokens)
    generate = load_family(vlm.card.family).generate
    texts: dict[int, str] = {}
    order = sorted(range(len(questions)), key=lambda i: (questions[i].image is None, len(prompts[i]), i))
    with operations(settings.numerics):
        for start in range(0, len(order), settings.batch_size):
            batch = order[start : start + settings.batch_size]
            if saved.of(start) is None:
                asked = [questions[i] for i in batch]
                inputs = _inputs(vlm, [prompts[i] for i in batch], asked, images, settings.faithful)
                saved.add(start, generate(vlm, inputs, settings.max_new_tokens))
            texts.update(zip(batch, saved.of(start) or [], strict=True))
            if start // settings.batch_size % 20 == 0:
                logger.info("%d of %d questions", start + len(batch), len(order))
    return [_record(question, texts[number], settings.model_id, model) for number, question in enumerate(questions)]


def _prompt(vlm: Vlm, template: Template, asked: Question, images: ImageReader) -> list[int]:
    """Return the token ids of a prompt; in a question without an image, `<image>` is ordinary text."""
    rows = [images.row(path) for path in _images(asked)]
    return vlm.tokens.prompt(question(template, asked.prompt, bool(rows)), [(row.width, row.height) for row in rows])


def _images(asked: Question) -> list[str]:
    return [asked.image] if asked.image else []


def _expect_room(vlm: Vlm, questions: list[Question], prompts: list[list[int]], max_new_tokens: int) -> None:
    """Raise PipelineError if the longest prompt and its answer may need more positions than the model has."""
    positions = vlm.model.config.get_text_config().max_position_embeddings
    length, longest = max(zip(map(len, prompts), questions, strict=True), key=lambda pair: pair[0], default=(0, None))
    if longest is not None and length + max_new_tokens > positions:
        room = positions - length
        raise PipelineError(
            f"this prompt and its answer need up to {length + max_new_tokens} positions; the model has {positions}",
            where=f"question {longest.id}",
            value=f"{length} tokens of prompt, max_new_tokens: {max_new_tokens}",
            cure=f"write `max_new_tokens: {room}` or less" if room > 0 else "use a model with more positions",
        )


def _inputs(
    vlm: Vlm, prompts: list[list[int]], questions: list[Question], images: ImageReader, faithful: bool
) -> Batch:
    """Return the inputs of a batch, padded on the left, so that every answer begins right after its prompt."""
    shown = [
        [_show(vlm, path, images, faithful and asked.padded_first) for path in _images(asked)] for asked in questions
    ]
    pairs = zip(prompts, shown, strict=True)
    batch = vlm.collate([{"input_ids": ids, "images": each} for ids, each in pairs], "left")
    return {name: tensor.to(vlm.model.device) for name, tensor in batch.items()}


def _show(vlm: Vlm, path: str, images: ImageReader, padded_first: bool) -> Shown:
    pin = images.row(path).pin
    if not padded_first:
        return vlm.show(images.open(path, pin))
    try:
        return vlm.show(images.decoded(path, pin), padded_first=True)
    except UnreadableImageError as error:
        raise PipelineError(
            "the original's script stops at this image", where=path, value=str(error), cure="leave out `faithful`"
        ) from error


def _record(question: Question, text: str, model_id: str, model: str) -> dict[str, Any]:
    """Return a record in LLaVA's format; `answer_id`, random there, is a digest: equal answers give equal files.

    `metadata`, empty there, contains the model's digest.
    """
    answer_id = digest_text(f"{model_id}\x1f{question.id}\x1f{text}")[:ANSWER_ID_LENGTH]
    identifier: int | str = int(question.id) if re.fullmatch("0|[1-9][0-9]*", question.id) else question.id
    return {
        "question_id": identifier,
        "prompt": question.prompt,
        "text": text,
        "answer_id": answer_id,
        "model_id": model_id,
        "metadata": {"model": model},
        **question.record,
    }
