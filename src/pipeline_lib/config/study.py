"""The tree: everything that a study says. What changes bytes stands in the stages' own settings."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.conversations.tabulate import TabulateSettings
from pipeline_lib.core.plugins import Plugin, Registered
from pipeline_lib.core.settings import Settings
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.inference.settings import Decoding
from pipeline_lib.machine.numerics import Numerics
from pipeline_lib.sampling.base import SampleStrategy
from pipeline_lib.scoring.quality import SUSPECT_ABOVE
from pipeline_lib.sources.base import SourceSettings
from pipeline_lib.training.settings import Devices, RecipeSettings
from pipeline_lib.weights.base import ModelKind, WeightsKind

NAME = r"^[a-z0-9][a-z0-9_-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]

MOST = 10**10  # rows or questions


def _or_one_word(schema: dict[str, Any]) -> None:
    """Let a schema tell that `convert: jpeg` is short for `convert: {to: jpeg}`."""
    schema["anyOf"].append({"enum": ["jpeg", "keep"]})


class Dataset(Settings):
    """Raw files from one source, in shards; with `convert`, its images can be used."""

    source: Annotated[SourceSettings, Plugin("sources", key="kind")] = Field(description="where its files come from")
    shards: int = Field(default=1, ge=1, le=1000, description="jobs that fetch and convert it, side by side")
    convert: ConvertSettings | None = Field(
        default=None,
        description="how its images become what models read; `jpeg` or `keep` is short for `to`",
        json_schema_extra=_or_one_word,
    )
    smoke: Annotated[SourceSettings, Plugin("sources", key="kind")] | None = Field(
        default=None, description="the source that stands in for it in a smoke run"
    )
    prefix: str = Field(default="", description="put before its image names, where tables and questions name them so")


class Table(Settings):
    """Conversations from a file of a dataset, about images of others."""

    dataset: Name = Field(description="the dataset that holds the file")
    images: list[Name] = Field(default=[], description="the datasets that hold the images")
    conversations: TabulateSettings = Field(description="the file, and how many of its rows may be unusable")


class Subset(Settings):
    """Rows of a table."""

    table: Name = Field(description="the table whose rows are chosen")
    sample: Annotated[SampleStrategy, Plugin("sampling", key="strategy")] = Field(description="how they are chosen")


class StandIn(Settings):
    """Starting weights that are made here, or by others."""

    dataset: Name | None = Field(default=None, description="the dataset that holds their files, if others made them")
    tower: Name | None = Field(
        default=None, description="weights of kind CLIP that a LLaVA in the original's layout names as its vision tower"
    )
    tables: list[Name] = Field(default=[], description="the tables whose texts the tokenizer is trained on")
    make: Annotated[WeightsKind, Plugin("weights", key="kind")] = Field(description="what is made, and its shape")


class Weights(StandIn):
    """Starting weights, shared by all studies that define them alike."""

    smoke: StandIn | None = Field(default=None, description="the small weights that stand in for them in a smoke run")


class Training(Settings):
    """One checkpoint: from weights or from another training, by a recipe, on a subset."""

    start: Name = Field(description="the weights or the training to start from")
    tower: Name | None = Field(
        default=None, description="weights or training of kind CLIP whose vision tower is put in"
    )
    projector: Name | None = Field(default=None, description="weights of kind projector to put in")
    adapter: Name | None = Field(
        default=None, description="weights of kind adapter, which others trained, for the recipe `adopt`"
    )
    subset: Name | None = Field(default=None, description="the rows to train on; none for a recipe that takes no step")
    recipe: Annotated[RecipeSettings, Plugin("recipes", key="name")] = Field(description="how it trains")
    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**63,
        description="its draws derive from it; none: the study's",
    )
    devices: Devices = Field(default=Devices(), description="what it computes on")
    untrained: float = Field(
        default=0.001,
        ge=0,
        le=1,
        description="largest share of conversations without a trained token, which are left out; more of them stop it",
    )


class Run(Settings):
    """One model that is scored."""

    model: Name = Field(description="the training or the weights that answer the questions")


class BenchmarkUse(Settings):
    """One benchmark of the study."""

    benchmark: Annotated[str, Registered("benchmarks")] = Field(description="a module in pipeline_lib/benchmarks")
    protocol: str = Field(default="llava15", description="whose prompts, settings and scorer")
    dataset: Name = Field(description="the dataset that holds the questions, and the gold where no other does")
    gold: Name | None = Field(default=None, description="the dataset that holds the gold, if it is another")
    files: FileNames = Field(description="which files hold them")
    images: list[Name] = Field(description="the datasets that hold the images")
    decoding: Decoding = Field(default=Decoding(), description="how the models answer")
    scored: bool = Field(default=True, description="false for a split whose answers are not public: it is handed in")


class Limit(Settings):
    """How much of its data a rehearsal takes."""

    rows: int | None = Field(default=None, ge=1, le=MOST, description="rows of every table; none: all")
    questions: int | None = Field(
        default=None, ge=1, le=MOST, description="questions of every benchmark, about; none: all"
    )

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.rows is None and self.questions is None:
            raise ValueError("give rows, questions or both")
        return self


class Study(Settings):
    """A study: what is fetched, trained, asked and scored."""

    title: str = Field(description="one line for people")
    smoke: bool = Field(
        default=False, description="rehearse the whole study on the stand-ins that its datasets and weights name"
    )
    limit: Limit | None = Field(
        default=None, description="rehearse the whole study on some rows and questions of its own data"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="every draw of the study derives from it")
    threads: int = Field(default=1, ge=1, le=10_000, description="threads of a numeric job; other threads, other bytes")
    device: Literal["cpu", "cuda"] = Field(default="cpu", description="where models are trained and asked")
    numerics: Numerics | None = Field(
        default=None,
        description="`portable`: equal bytes on every x86-64 processor with AVX2; `native`: as fast as this one can; "
        "none: portable on the CPU, native on GPUs",
    )
    memory_gb: int = Field(
        default=4,
        ge=1,
        le=100_000,
        description="main memory of a job that holds a model, in GB, asked of a scheduler; changes no result",
    )
    save_every: int = Field(
        default=600,
        ge=0,
        le=31_536_000,
        description="seconds between the states from which an interrupted training goes on",
    )
    suspect_above: float = Field(
        default=SUSPECT_ABOVE,
        ge=0,
        le=1,
        description="largest share of answers that are empty, unparsed or missing in a score without a mark",
    )
    datasets: dict[Name, Dataset] = Field(description="raw files: images, conversations, questions")
    tables: dict[Name, Table] = Field(default={}, description="validated conversations about images")
    subsets: dict[Name, Subset] = Field(default={}, description="chosen rows of tables")
    weights: dict[Name, Weights] = Field(default={}, description="starting weights")
    trainings: dict[Name, Training] = Field(default={}, description="checkpoints, one each")
    runs: dict[Name, Run] = Field(description="the models that are scored")
    benchmarks: dict[Name, BenchmarkUse] = Field(description="what they are asked")

    @model_validator(mode="after")
    def _portable_on_processors(self) -> Self:
        if self.device == "cuda" and self.numerics == "portable":
            raise ValueError("numerics: portable is for device: cpu; GPUs of other kinds round differently")
        half = [name for name, found in self.trainings.items() if found.devices.precision != "float32"]
        if half and self.numerics_of_jobs() == "portable":
            raise ValueError(f"training {half[0]}: precision: bfloat16 rounds by processor; set numerics: native")
        return self

    def numerics_of_jobs(self) -> Numerics:
        """Return how the study's jobs compute."""
        return self.numerics or ("portable" if self.device == "cpu" else "native")

    def model_kind(self, name: str) -> ModelKind:
        """Return what the weights or the training of this name are."""
        return self.weights[name].make.model_kind() if name in self.weights else self.trainings[name].recipe.makes

    def model_template(self, name: str) -> str:
        """Return the conversation template of a LLaVA."""
        made = self.weights[name].make if name in self.weights else self.trainings[name].recipe
        template = made.model_template()
        if template is None:
            raise KeyError(f"{name} is no LLaVA")
        return template
