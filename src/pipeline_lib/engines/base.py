"""The interface of an engine: requests to a model in, replies out.

An engine module has `Settings` and `open_engine(settings, model, images, how)`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Container, Iterator, Literal, Protocol, Sequence

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings
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
    """The reply to the request of this id: the answer and its count of tokens, or, if it failed, the reason as text."""

    id: str
    text: str
    tokens: int
    status: Status = "ok"


class EngineSettings(Settings):
    """Settings of an engine; `name` names its module."""

    name: str = Field(description="the engine: a module in pipeline_lib/engines")


class AnswerSettings(DeviceSettings):
    """How a model answers, whatever the engine."""

    family: Annotated[str, PluginName("families", members=("load", "generate"))] = Field(
        description="the family of the model"
    )
    template: Annotated[str, PluginName("prompts")] = Field(description="the conversation template of the model")
    batch_size: int = Field(gt=0, description="requests answered at once; the answers do not depend on it")


class Engine(Protocol):
    """A model that is ready to answer."""

    def answer(self, requests: Sequence[Request], answered: Container[str]) -> Iterator[Reply]:
        """Yield a reply to every request whose id is not in `answered`, in any order, and perhaps again to others.

        The requests that are answered already decide about batches, so that an interrupted job ends with equal bytes.
        Raises PipelineError, before anything is generated, for a request that the model cannot take.
        """


class EngineModule(Protocol):
    """The members of an engine module."""

    def open_engine(self, settings: EngineSettings, model: Path, images: "ImageReader", how: AnswerSettings) -> Engine:
        """Return the engine with the checkpoint in a folder, which reads the images of requests by their paths."""
