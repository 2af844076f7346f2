"""The interface of an engine: requests to a model in, replies out.

An engine module has `Settings` and `open_engine(settings, model, images, how, state)`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Iterator, Literal, Protocol, Sequence

from pydantic import Field

from pipeline_lib.core.access import Accessed
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.machine.numerics import DeviceSettings

if TYPE_CHECKING:
    from pipeline_lib.images.reader import ImageReader

Status = Literal["ok", "failed"]


@dataclass(frozen=True)
class Request:
    """A question to a model: its text, without template and image tokens, and the paths of its images.

    `max_new_tokens` limits the answer. `padded_first`: images are padded before they become RGB, as in some scripts of
    LLaVA's.
    """

    id: str
    text: str
    images: tuple[str, ...]
    max_new_tokens: int
    padded_first: bool = False


@dataclass(frozen=True)
class Reply:
    """The reply to the request of this id: the answer and its count of tokens, or, if it failed, the reason as text.

    `tokens` is None if the engine does not know it. `stop`: whether the answer ended, or reached `max_new_tokens`.
    `facts` are added to the metadata of the answer's record, such as the model that an endpoint names.
    """

    id: str
    text: str
    tokens: int | None
    status: Status = "ok"
    stop: Literal["end", "length"] = "end"
    facts: dict[str, Any] = field(default_factory=dict)


class EngineSettings(Accessed):
    """Settings of an engine; `name` names its module. One that `brings_model` answers without a checkpoint."""

    brings_model: ClassVar[bool] = False

    name: str = Field(description="the engine: a module in pipeline_lib/engines")


class AnswerSettings(DeviceSettings):
    """How a model answers, whatever the engine; `family` and `template` are None for an engine that brings it."""

    family: Annotated[str, PluginName("families", members=("load", "generate"))] | None = Field(
        description="the family of the model"
    )
    template: Annotated[str, PluginName("prompts")] | None = Field(description="the conversation template of the model")
    batch_size: int = Field(gt=0, description="requests answered at once; the answers do not depend on it")
    temperature: float = Field(default=0, ge=0, le=2, description="0: greedy")
    top_p: float = Field(default=1, gt=0, le=1, description="the share of likely tokens that are drawn from")
    stop: list[str] = Field(default=[], description="texts that end an answer")
    seed: int | None = Field(default=None, description="seed of the draws; none: nothing is drawn")


class Answered(Protocol):
    """The replies that a job has already, by the ids of their requests."""

    def __contains__(self, request: object) -> bool:
        """Return whether a request has a reply."""

    def __getitem__(self, request: str) -> Reply:
        """Return the reply to a request."""


class Engine(Protocol):
    """A model that is ready to answer."""

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield a reply to every request whose id is not in `answered`, in any order, and perhaps again to others.

        The requests that are answered already decide about batches, so that an interrupted job ends with equal bytes.
        Raises PipelineError, before anything is generated, for a request that the model cannot take.
        """


class EngineModule(Protocol):
    """The members of an engine module."""

    def open_engine(
        self, settings: EngineSettings, model: Path | None, images: "ImageReader", how: AnswerSettings, state: Path
    ) -> Engine:
        """Return the engine with the checkpoint in a folder, which reads the images of requests by their paths.

        `model` is None for an engine that brings its own. `state` is a folder whose files an interrupted job finds
        again when it resumes.
        """
