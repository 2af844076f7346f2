"""The interface of an engine: requests to a model in, replies out.

An engine module has `Settings` and `open_engine(settings, model, images, how, paths)`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Iterator, Literal, NamedTuple, Protocol, Self, Sequence

from pydantic import Field

from pipeline_lib.core.means import WithMeans
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.machine.numerics import DeviceSettings
from pipeline_lib.models.card import ModelKind

if TYPE_CHECKING:
    from pipeline_lib.images.reader import ImageReader

ASKED = ("load", "suppressed_ids", "image_features", "hidden_states")  # of a family's members
Status = Literal["ok", "failed"]
Stop = Literal["end", "length"]


class Round(NamedTuple):
    """An earlier answer in a conversation, and what the model is asked next."""

    answer: str
    then: str


@dataclass(frozen=True)
class Request:
    """A question to a model: its text, without template and image tokens, and the paths of its images.

    `max_new_tokens` limits the answer. `padded_first`: images are padded before they become RGB, as in some scripts of
    LLaVA's. `rounds` are the earlier turns of the conversation, after the question: the answer is to what the last one
    asks. The answer ends behind the text `until`, which belongs to it, if the model writes it. With `choices` the
    answer is the one whose first token is the likeliest.
    """

    id: str
    text: str
    images: tuple[str, ...]
    max_new_tokens: int
    padded_first: bool = False
    rounds: tuple[Round, ...] = ()
    until: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """The reply to the request of this id: the answer and its count of tokens, or, if it failed, the reason as text.

    `tokens` is None if the engine does not know it. `stop` is `length` for an answer cut at the most
    tokens that the request allows. `facts` are added to the metadata of the answer's record, such as the model that an
    endpoint names.
    """

    id: str
    text: str
    tokens: int | None
    stop: Stop = "end"
    status: Status = "ok"
    facts: dict[str, Any] = field(default_factory=dict)


class EngineSettings(WithMeans):
    """Settings of an engine; `name` names its module.

    One that `brings_model` answers without a checkpoint, one that `serves_model` lets another program load it. It asks
    models of the kind `asks`. One that `ranks_choices` sees the logits of a model, which the choices of a request need.
    """

    asks: ClassVar[ModelKind] = "vlm"
    brings_model: ClassVar[bool] = False
    serves_model: ClassVar[bool] = False
    ranks_choices: ClassVar[bool] = False

    name: str = Field(description="the engine: a module in pipeline_lib/engines")

    def rounds_alike(self) -> bool:
        """Return whether portable numerics are possible."""
        return True

    def processes_at_once(self) -> int:
        """Return how many processes of the machine answer together, each on a GPU of its own if it uses one."""
        return 1

    def of_family(self, family: str) -> Self:
        """Return the settings for a checkpoint of this family."""
        return self

    def needs_classes(self) -> bool:
        """Return whether the benchmark must state texts of classes."""
        return False

    def of_benchmark(self, classes: Sequence[str]) -> Self:
        """Return the settings for a benchmark that states these texts of classes, none where it has no classes."""
        return self


@dataclass(frozen=True)
class EnginePaths:
    """Where an engine writes: a folder whose files an interrupted job finds again, and the log of a server."""

    state: Path
    server_log: Path


class Sampling(Settings):
    """How the tokens of an answer are chosen, and what ends it."""

    temperature: float = Field(
        default=0, ge=0, le=2, description="of the probabilities that tokens are drawn by; 0: the likeliest token"
    )
    top_p: float = Field(
        default=1, gt=0, le=1, description="probability of the likeliest tokens, from which one is drawn"
    )
    stop: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[], description="texts that end an answer, and are left out of it"
    )


class AnswerSettings(Sampling, DeviceSettings):
    """How a model answers, whatever the engine; `family` and `template` are None for an engine that brings it."""

    family: Annotated[str, PluginName("families", members=ASKED)] | None = Field(description="the family of the model")
    template: Annotated[str, PluginName("prompts")] | None = Field(description="the conversation template of the model")
    seed: int | None = Field(default=None, description="seed of the draws; none where none are drawn")


class Answered(Protocol):
    """The replies that a job has already, by the ids of their requests."""

    def __contains__(self, request: object) -> bool:
        """Return whether a request has a reply."""

    def __getitem__(self, request: str) -> Reply:
        """Return the reply to a request."""


def unanswered(requests: Sequence[Request], answered: Answered) -> list[Request]:
    """Return the requests that have no reply, or failed before."""
    return [each for each in requests if each.id not in answered or answered[each.id].status == "failed"]


class Engine(Protocol):
    """A model that is ready to answer."""

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield a reply to every request whose id is not in `answered`, in any order, and perhaps again to others.

        Which requests are asked together does not depend on `answered`: an interrupted job ends with equal bytes.
        A request with more images than the model takes is failed; any other one that the model cannot take raises
        PipelineError before anything is generated.
        """


class EngineModule(Protocol):
    """The members of an engine module."""

    def open_engine(
        self,
        settings: EngineSettings,
        model: Path | None,
        images: "ImageReader",
        how: AnswerSettings,
        paths: EnginePaths,
    ) -> Engine:
        """Return the engine with the checkpoint in a folder, which reads the images of requests by their paths.

        `model` is None for an engine that brings its own.
        """
