"""Engine `transformers`: a checkpoint answers greedily in this process; the batch size does not change the answers."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Container, Iterator, Literal, Sequence, cast

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.engines.base import AnswerSettings, EngineSettings, Reply, Request
from pipeline_lib.images.decode import UnreadableImageError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.prompts.base import Template, question

if TYPE_CHECKING:
    from pipeline_lib.models.family import Batch, Shown, Vlm

logger = logging.getLogger(__name__)

BATCHES_PER_LINE = 20  # of the log


class Settings(EngineSettings):
    """No settings: the study's device, numerics and threads, and the benchmark's decoding are all that it needs."""

    name: Literal["transformers"] = "transformers"


@dataclass(frozen=True)
class TransformersEngine:
    """A vision-language model in memory, the images of its requests, and how it answers."""

    vlm: "Vlm"
    template: Template
    images: ImageReader
    how: AnswerSettings

    def answer(self, requests: Sequence[Request], answered: Container[str]) -> Iterator[Reply]:
        """Yield the replies batch by batch: requests without an image last, short prompts before long ones."""
        from pipeline_lib.models.portable import operations

        prompts = [self._prompt(request) for request in requests]
        self._expect_room(requests, prompts)
        order = sorted(range(len(requests)), key=lambda i: (not requests[i].images, len(prompts[i]), i))
        with operations(self.how.numerics):
            for start in range(0, len(order), self.how.batch_size):
                batch = order[start : start + self.how.batch_size]
                asked = [requests[i] for i in batch]
                if not all(request.id in answered for request in asked):
                    yield from self._answer(asked, [prompts[i] for i in batch])
                if start // self.how.batch_size % BATCHES_PER_LINE == 0:
                    logger.info("%d of %d questions", start + len(batch), len(order))

    def _prompt(self, request: Request) -> list[int]:
        """Return the token ids of a prompt; in a request without an image, `<image>` is ordinary text."""
        if len(request.images) > 1:
            cure = "remove the benchmark from this study: a question shows a model one image"
            raise PipelineError(
                "several images in one question", where=f"question {request.id}", value=request.images, cure=cure
            )
        sizes = [self.images.size(path) for path in request.images]
        segments = question(self.template, request.text, bool(sizes))
        return self.vlm.tokens.prompt(segments, sizes)

    def _expect_room(self, requests: Sequence[Request], prompts: list[list[int]]) -> None:
        """Raise PipelineError if the longest prompt and its answer may need more positions than the model has."""
        positions = self.vlm.model.config.get_text_config().max_position_embeddings
        needed = [len(ids) + request.max_new_tokens for ids, request in zip(prompts, requests, strict=True)]
        longest = max(range(len(needed)), key=needed.__getitem__, default=None)
        if longest is not None and needed[longest] > positions:
            request, room = requests[longest], positions - len(prompts[longest])
            raise PipelineError(
                f"this prompt and its answer need up to {needed[longest]} positions; the model has {positions}",
                where=f"question {request.id}",
                value=f"{len(prompts[longest])} tokens of prompt, max_new_tokens: {request.max_new_tokens}",
                cure=f"write `max_new_tokens: {room}` or less" if room > 0 else "use a model with more positions",
            )

    def _answer(self, requests: list[Request], prompts: list[list[int]]) -> list[Reply]:
        """Return the replies to one batch; its longest answer is that of the request that allows most."""
        from pipeline_lib.models.family import load_family

        longest = max(request.max_new_tokens for request in requests)
        generate = load_family(self.vlm.card.family).generate
        generated = generate(self.vlm, self._inputs(requests, prompts), longest)
        pairs = zip(requests, generated, strict=True)
        return [Reply(request.id, answer.text, answer.tokens) for request, answer in pairs]

    def _inputs(self, requests: list[Request], prompts: list[list[int]]) -> "Batch":
        """Return the inputs of a batch, padded on the left, so that every answer begins right after its prompt."""
        shown = [[self._show(path, request.padded_first) for path in request.images] for request in requests]
        examples = [{"input_ids": ids, "images": images} for ids, images in zip(prompts, shown, strict=True)]
        batch = self.vlm.collate(examples, "left")
        return {name: tensor.to(self.vlm.model.device) for name, tensor in batch.items()}

    def _show(self, path: str, padded_first: bool) -> "Shown":
        pin = self.images.row(path).pin
        if not padded_first:
            return self.vlm.show(self.images.open(path, pin))
        try:
            return self.vlm.show(self.images.decoded(path, pin), padded_first=True)
        except UnreadableImageError as error:
            raise PipelineError(
                "the original's script stops at this image",
                where=path,
                value=str(error),
                cure="leave out `as_original`",
            ) from error


def open_engine(
    settings: Settings, model: Path, images: ImageReader, how: AnswerSettings, state: Path
) -> TransformersEngine:
    """Return the engine with a checkpoint of this workflow; one of another template raises PipelineError."""
    from pipeline_lib.models.determinism import make_deterministic
    from pipeline_lib.models.opening import load_vlm

    vlm = load_vlm(model)
    make_deterministic(seed=0, threads=how.threads, device=how.device)  # greedy answers draw nothing
    vlm.model.eval().to(how.device)
    return engine_of(vlm, images, how)


def engine_of(vlm: "Vlm", images: ImageReader, how: AnswerSettings) -> TransformersEngine:
    """Return the engine with a model in memory; one that was made for another template raises PipelineError."""
    if vlm.card.template != how.template:
        cure = "correct `template` in the study, or delete the model's manifest"
        what = f"this model was made for another template than {how.template}"
        raise PipelineError(what, value=vlm.card.template, cure=cure)
    return TransformersEngine(vlm, cast(Template, load("prompts", str(how.template))), images, how)
