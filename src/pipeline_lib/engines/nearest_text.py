"""Engine `nearest_text`: a CLIP model answers with the class whose text is nearest to the image, and all probabilities.

An answer is the JSON object of `predicted_label`, the position of the class, and `probabilities` of all classes, as in
the result files of wanglihx/LLaVA-OA 8cfac12, `3-clip/clipeval.py`. The question's own text is not read.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Iterator, Literal, Self, Sequence

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json
from pipeline_lib.engines.base import Answered, AnswerSettings, EnginePaths, EngineSettings, Reply, Request, unanswered
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.card import ModelKind

if TYPE_CHECKING:
    from pipeline_lib.models.clip import Clip, Texts


class Settings(EngineSettings):
    """The texts that images are compared with."""

    asks: ClassVar[ModelKind] = "clip"

    name: Literal["nearest_text"]
    texts: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[], description="the texts of the classes, in their order; none: those that the benchmark states"
    )

    def needs_classes(self) -> bool:
        """Return whether the study states no texts."""
        return not self.texts

    def of_benchmark(self, classes: Sequence[str]) -> Self:
        """Return the settings with the benchmark's texts, unless the study states some."""
        return self if self.texts else self.model_copy(update={"texts": list(classes)})


@dataclass(frozen=True)
class NearestText:
    """A CLIP model in memory, the tokens of the texts, and the images of its requests."""

    clip: "Clip"
    tokens: "Texts"
    images: ImageReader
    how: AnswerSettings

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield the replies; each image is read alone, so that no answer depends on others.

        A request about several images is failed, one without an image raises PipelineError.
        """
        from pipeline_lib.models.portable import operations

        asked = unanswered(requests, answered)
        for request in asked:
            _expect_an_image(request)
        with operations(self.how.numerics):
            for request in asked:
                yield self._reply(request)

    def _reply(self, request: Request) -> Reply:
        """Return the reply to a request; one about several images is failed."""
        if len(request.images) > 1:
            reason = f"{len(request.images)} images: the nearest text is that of one image"
            return Reply(request.id, reason, None, status="failed")
        return Reply(request.id, canonical_json(self._classified(request.images[0])), None)

    def _classified(self, path: str) -> dict[str, Any]:
        """Return the class of an image, and the probabilities of all."""
        import torch

        from pipeline_lib.models.clip import expect_finite, text_logits

        pixels = self.clip.show(self.images.open(path, self.images.row(path).pin)).to(self.how.device)
        with torch.inference_mode():
            (logits,) = text_logits(self.clip.model, self.tokens, pixels[None])
        expect_finite(logits)
        return {"predicted_label": int(logits.argmax()), "probabilities": logits.softmax(0).tolist()}


def open_engine(
    settings: Settings, model: Path, images: ImageReader, how: AnswerSettings, paths: EnginePaths
) -> NearestText:
    """Return the engine with a CLIP checkpoint of this workflow."""
    from pipeline_lib.models.clip import open_clip
    from pipeline_lib.models.determinism import make_deterministic

    if len(settings.texts) < 2:
        cure = "state `texts` of the engine in the study, two or more"
        what = "there is no text to compare images with, or one alone, which is always the nearest"
        raise PipelineError(what, where="engine.texts", value=settings.texts, cure=cure)
    clip = open_clip(model)
    make_deterministic(seed=0, threads=how.threads, device=how.device)
    clip.model.eval().to(how.device)
    return NearestText(clip, clip.encode_classes(settings.texts), images, how)


def _expect_an_image(request: Request) -> None:
    if not request.images:
        cure = "ask a model that reads text and images"
        raise PipelineError("the nearest text is that of an image", where=f"question {request.id}", cure=cure)
