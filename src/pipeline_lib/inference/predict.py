"""The predict stage: a LLaVA answers questions greedily; the batch size does not change the answers."""

import logging
import re
from pathlib import Path
from typing import Any, cast

import torch

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
from pipeline_lib.models.encode import encode
from pipeline_lib.models.llava import Llava, load_llava
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
    llava = load_llava(model.folder())
    make_deterministic(seed=0, threads=settings.threads, device=settings.device)  # greedy answers draw nothing
    llava.model.eval().to(settings.device)
    saved = SavedTexts(state / "texts.jsonl")
    questions = only(benchmark.questions(files, settings.protocol), chosen)
    return predict(llava, questions, images, settings, model.sha256, saved)


def predict(
    llava: Llava,
    questions: list[Question],
    images: ImageReader,
    settings: PredictSettings,
    model: str,
    saved: SavedTexts,
) -> list[dict[str, Any]]:
    """Return LLaVA's answer record for every question, in their order; `model` is the digest in the records.

    A batch whose texts are saved is not generated again.
    """
    template = _template(llava, settings.template)
    prompts = [_prompt(llava, template, question) for question in questions]
    _expect_room(llava, questions, prompts, settings.max_new_tokens)
    texts: dict[int, str] = {}
    order = sorted(range(len(questions)), key=lambda i: (not questions[i].images, len(prompts[i]), i))
    with operations(settings.numerics):
        for start in range(0, len(order), settings.batch_size):
            batch = order[start : start + settings.batch_size]
            if saved.of(start) is None:
                asked = [questions[i] for i in batch]
                inputs = _inputs(llava, [prompts[i] for i in batch], asked, images, settings.faithful)
                saved.add(start, _generate(llava, inputs, settings.max_new_tokens))
            texts.update(zip(batch, saved.of(start) or [], strict=True))
            if start // settings.batch_size % 20 == 0:
                logger.info("%d of %d questions", start + len(batch), len(order))
    return [_record(question, texts[number], settings.model_id, model) for number, question in enumerate(questions)]


def _template(llava: Llava, name: str) -> Template:
    """Return the template of this name, with which the model must have been made."""
    if llava.card.template != name:
        cure = "correct `template` in the study, or delete the model's manifest"
        raise PipelineError(
            f"this model was made for another template than {name}", value=llava.card.template, cure=cure
        )
    return cast(Template, load("prompts", name))


def _prompt(llava: Llava, template: Template, asked: Question) -> list[int]:
    """Return the token ids of a prompt; in a question without an image, `<image>` is ordinary text."""
    if len(asked.images) > 1:
        cure = "remove the benchmark from this study: a LLaVA sees one image"
        raise PipelineError(
            "several images in one question", where=f"question {asked.id}", value=asked.images, cure=cure
        )
    image = bool(asked.images)
    tokens = llava.model.config.image_seq_length if image else 0
    return encode(question(template, asked.prompt, image), llava.tokenizer, tokens)[0]


def _expect_room(llava: Llava, questions: list[Question], prompts: list[list[int]], max_new_tokens: int) -> None:
    """Raise PipelineError if the longest prompt and its answer may need more positions than the model has."""
    positions = llava.model.config.get_text_config().max_position_embeddings
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
    llava: Llava, prompts: list[list[int]], questions: list[Question], images: ImageReader, faithful: bool
) -> dict[str, torch.Tensor]:
    """Return the inputs of a batch, padded on the left, so that every answer begins right after its prompt."""
    pad = int(llava.tokenizer.pad_token_id)
    longest = max(map(len, prompts))
    inputs = {
        "input_ids": torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts]),
        "attention_mask": torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts]),
    }
    pixels = [
        _pixels(llava, image, images, faithful and asked.padded_first) for asked in questions for image in asked.images
    ]
    if pixels:
        inputs["pixel_values"] = torch.stack(pixels)
    return {name: tensor.to(llava.model.device) for name, tensor in inputs.items()}


def _pixels(llava: Llava, path: str, images: ImageReader, padded_first: bool) -> torch.Tensor:
    pin = images.row(path).pin
    if not padded_first:
        return llava.pixels(images.open(path, pin))
    try:
        return llava.pixels_padded_first(images.decoded(path, pin))
    except UnreadableImageError as error:
        raise PipelineError(
            "the original's script stops at this image", where=path, value=str(error), cure="leave out `faithful`"
        ) from error


@torch.inference_mode()
def _generate(llava: Llava, inputs: dict[str, torch.Tensor], max_new_tokens: int) -> list[str]:
    how = {"max_new_tokens": max_new_tokens, "do_sample": False, "suppress_tokens": llava.untrained_token_ids}
    generated = llava.model.generate(**inputs, **how)
    new = generated[:, inputs["input_ids"].shape[1] :]
    return [text.strip() for text in llava.tokenizer.batch_decode(new, skip_special_tokens=True)]


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
