"""Engine `transformers`: a checkpoint answers in this process; questions about equal images are asked together."""

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Container, Iterator, Literal, Sequence, cast

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.engines.base import AnswerSettings, Engine, EnginePaths, EngineSettings, Reply, Request
from pipeline_lib.images.decode import UnreadableImageError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.machine.workers import items_of
from pipeline_lib.prompts.base import Template, question

if TYPE_CHECKING:
    from pipeline_lib.generation.generate import Answer, Generator
    from pipeline_lib.generation.plan import Prompt, Row
    from pipeline_lib.models.family import Features, Images, Shown, Vlm

logger = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16", "float16"]

Key = tuple[str, bool]  # the pin of an image, and whether it is padded first


class Settings(EngineSettings):
    """How much this engine reads at once; how it answers is set by the study and its benchmarks."""

    ranks_choices: ClassVar[bool] = True

    name: Literal["transformers"] = "transformers"
    precision: Precision = Field(
        default="float32",
        description="of weights and activations; in `bfloat16` and `float16` some answers depend on `tokens`",
    )
    tokens: int = Field(
        default=8192,
        gt=0,
        le=10_000_000,
        exclude=True,
        description="tokens of prompts that the model reads at once, the more the faster while memory lasts; "
        "in `float32` no answer depends on it, otherwise an edit asks everything again",
    )
    processes: int = Field(
        default=1,
        gt=0,
        le=1000,
        exclude=True,
        description="processes that share the questions, each with the whole model, on a GPU of its own if it uses "
        "one; no answer depends on it",
    )

    @model_serializer(mode="wrap")
    def _with_what_decides(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return the settings that decide answers; in other precisions than float32 these include `tokens`."""
        further = {} if self.rounds_alike() else {"tokens": self.tokens}
        return {**written(self), **further}

    def means(self) -> dict[str, Any]:
        """Return how much is read at once, and by how many processes."""
        return {"tokens": self.tokens, "processes": self.processes}

    def processes_at_once(self) -> int:
        """Return the number of processes."""
        return self.processes

    def rounds_alike(self) -> bool:
        """Return whether the model computes in float32, which portable numerics need."""
        return self.precision == "float32"


@dataclass(frozen=True)
class TransformersEngine:
    """A vision-language model in memory, the images of its requests, and how it answers."""

    vlm: "Vlm"
    template: Template
    images: ImageReader
    how: AnswerSettings
    tokens: int
    part: tuple[int, int] = (0, 1)  # of how many it answers which batches

    def answer(self, requests: Sequence[Request], answered: Container[str]) -> Iterator[Reply]:
        """Yield the replies batch by batch: requests without an image last, short prompts before long ones.

        A request that shows more images than the model takes is failed, before any of them.
        """
        from pipeline_lib.generation.plan import plan
        from pipeline_lib.models.portable import operations

        generator = self._generator()
        prompts, refused = self._prompts(requests)
        number, parts = self.part
        if refused and number == 0:
            what = "%d of %d questions show more images than the model takes and are failed, the first one: %s"
            logger.warning(what, len(refused), len(requests), refused[0].text)
            yield from refused
        requests = [request for request in requests if request.id in prompts]
        batches = plan(list(prompts.values()), self.tokens, self._window(requests))[number::parts]
        features: dict[Key, Features] = {}
        with operations(self.how.numerics):
            for batch in batches:
                numbers = sorted(number for row in batch for number in row.rest)
                if not all(requests[number].id in answered for number in numbers):
                    features = self._features([requests[min(row.rest)] for row in batch], features)
                    images = [[features[key] for key in self._keys(requests[min(row.rest)])] for row in batch]
                    yield from self._answer(generator, batch, images, {number: requests[number] for number in numbers})

    def _generator(self) -> "Generator":
        """Return the generator; a checkpoint whose own settings would change answers raises PipelineError."""
        from pipeline_lib.generation.choice import Sampling
        from pipeline_lib.generation.generate import Generator, Rules
        from pipeline_lib.generation.own_settings import ends_of, expect_plain
        from pipeline_lib.models.family import load_family

        expect_plain(self.vlm.model.generation_config)
        drawn = self.how.temperature > 0
        sampling = Sampling(self.how.temperature, self.how.top_p, self.how.seed or 0) if drawn else None
        suppressed = tuple(load_family(self.vlm.card.family).suppressed_ids(self.vlm))
        ends = ends_of(self.vlm.model.generation_config)
        return Generator(self.vlm, Rules(ends, tuple(self.how.stop), suppressed, sampling))

    def _prompts(self, requests: Sequence[Request]) -> "tuple[dict[str, Prompt], list[Reply]]":
        """Return the prompts by request, and the replies to requests that show more images than the model takes."""
        from pipeline_lib.generation.room import expect_room
        from pipeline_lib.models.family import TooManyImagesError

        prompts, refused = {}, []
        for request in requests:
            try:
                prompts[request.id] = self._prompt(request)
            except TooManyImagesError as error:
                refused.append(Reply(request.id, str(error), None, status="failed"))
        expect_room(prompts, {request.id: request.max_new_tokens for request in requests}, self._positions)
        return prompts, refused

    @property
    def _positions(self) -> int:
        return int(self.vlm.model.config.get_text_config().max_position_embeddings)

    def _prompt(self, request: Request) -> "Prompt":
        """Return the prompt of a request; without an image, `<image>` is ordinary text."""
        from pipeline_lib.generation.plan import Prompt
        from pipeline_lib.generation.room import crowded_by_images
        from pipeline_lib.models.family import TooManyImagesError

        sizes = [self.images.size(path) for path in request.images]
        ids = self.vlm.tokens.prompt(question(self.template, request.text, len(sizes), request.rounds), sizes)
        if not request.images:
            return Prompt(ids)
        prompt = Prompt(ids, tuple(self._keys(request)), len(ids) - ids[::-1].index(self.vlm.tokens.image_id))
        if crowded_by_images(prompt, request.max_new_tokens, self.vlm.tokens.per_image, self._positions):
            needed = len(ids) + request.max_new_tokens
            what = f"{len(sizes)} images: the prompt and its answer need up to {needed} positions"
            raise TooManyImagesError(f"{what}; the model has {self._positions}")
        return prompt

    def _window(self, requests: Sequence[Request]) -> Any:
        """Return how far back the model's tokens see, None if they see everything."""
        from pipeline_lib.generation.plan import Window

        tokens = getattr(self.vlm.model.config.get_text_config(), "sliding_window", None)
        longest = max((request.max_new_tokens for request in requests), default=0)
        return None if tokens is None else Window(tokens, longest)

    def _answer(
        self, generator: "Generator", batch: "list[Row]", images: "Images", requests: dict[int, Request]
    ) -> list[Reply]:
        """Return the replies to the requests of a batch."""
        from pipeline_lib.generation.generate import Answer

        sampling = generator.rules.sampling
        answers = {
            number: Answer(
                request.max_new_tokens,
                sampling.draws(request.id) if sampling else None,
                request.until,
                self._choices(request),
            )
            for number, request in requests.items()
        }
        generator.answer(batch, images, answers)
        return [
            Reply(request.id, _text(generator, request, answer), len(answer.ids), answer.stop or "end")
            for request, answer in zip(requests.values(), answers.values(), strict=True)
        ]

    def _choices(self, request: Request) -> tuple[int, ...]:
        """Return the tokens that the answer is one of, none where it is free."""
        from pipeline_lib.generation.first_token import first_tokens

        return first_tokens(self.vlm.tokens, self.template, request.choices) if request.choices else ()

    def _features(self, requests: list[Request], known: "dict[Key, Features]") -> "dict[Key, Features]":
        """Return what the model reads of the images of some requests, by key; each image is read once.

        `known` are the features of the batch before, which may be about the same images.
        """
        import torch

        from pipeline_lib.models.family import load_family

        paths = {
            key: (path, request.padded_first)
            for request in requests
            for key, path in zip(self._keys(request), request.images, strict=True)
        }
        shown = {key: self._show(*each) for key, each in paths.items() if key not in known}
        if not shown:
            return known
        with torch.inference_mode():
            features = load_family(self.vlm.card.family).image_features(self.vlm, list(shown.values()))
        return {key: known[key] for key in paths if key in known} | dict(zip(shown, features, strict=True))

    def _keys(self, request: Request) -> "list[Key]":
        """Return what tells the images of a request apart: their bytes and pixel rule, not their paths."""
        return [(self.images.row(path).pin, request.padded_first) for path in request.images]

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


def _text(generator: "Generator", request: Request, answer: "Answer") -> str:
    """Return the text of an answer: what its ids say, or the choice that begins with its only id."""
    if answer.choices:
        return request.choices[answer.choices.index(answer.ids[0])]
    return generator.text(answer)


@dataclass(frozen=True)
class ProcessesEngine:
    """Processes that have a checkpoint each, and answer the batches of requests by turns."""

    settings: Settings
    model: Path
    images: ImageReader
    how: AnswerSettings

    def answer(self, requests: Sequence[Request], answered: Container[str]) -> Iterator[Reply]:
        """Yield the replies of all processes, as they come."""
        there = frozenset(request.id for request in requests if request.id in answered)
        yield from items_of(partial(_answer_part, self, requests, there), self.settings.processes)


def _answer_part(
    engine: ProcessesEngine, requests: Sequence[Request], answered: frozenset[str], number: int
) -> Iterator[Reply]:
    """Yield the replies of one process."""
    opened = _open(engine.settings, engine.model, engine.images, engine.how)
    yield from replace(opened, part=(number, engine.settings.processes)).answer(requests, answered)


def open_engine(
    settings: Settings, model: Path, images: ImageReader, how: AnswerSettings, paths: EnginePaths
) -> Engine:
    """Return the engine with a checkpoint of this workflow; one of another template raises PipelineError."""
    if settings.processes > 1:
        return ProcessesEngine(settings, model, images, how)
    return _open(settings, model, images, how)


def _open(settings: Settings, model: Path, images: ImageReader, how: AnswerSettings) -> TransformersEngine:
    import torch

    from pipeline_lib.models.determinism import make_deterministic
    from pipeline_lib.models.opening import load_vlm

    vlm = load_vlm(model)
    make_deterministic(seed=0, threads=how.threads, device=how.device)  # what is drawn has generators of its own
    vlm.model.eval().to(how.device, getattr(torch, settings.precision))
    return engine_of(vlm, images, how, settings.tokens)


def engine_of(
    vlm: "Vlm", images: ImageReader, how: AnswerSettings, tokens: int = Settings().tokens
) -> TransformersEngine:
    """Return the engine with a model in memory; a model of another template raises PipelineError."""
    if vlm.card.template != how.template:
        cure = "correct `template` in the study, or delete the model's manifest"
        what = f"this model was made for another template than {how.template}"
        raise PipelineError(what, value=vlm.card.template, cure=cure)
    return TransformersEngine(vlm, cast(Template, load("prompts", str(how.template))), images, how, tokens)
