"""The tree of a study's settings; what changes bytes is defined in the settings of the stages."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from pipeline_lib.benchmarks.base import PROTOCOL, FileNames
from pipeline_lib.config.benchmark_data import completed
from pipeline_lib.config.holdout import Holdout
from pipeline_lib.config.limit import MOST, Limit
from pipeline_lib.config.names import DatasetName, ImagesName, ModelName, Name, SubsetName, TableName, WeightsName
from pipeline_lib.config.stated_shape import StatedShape
from pipeline_lib.conversations.tabulate import TabulateSettings
from pipeline_lib.core.plugins import Plugin, PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.engines.base import EngineSettings
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.inference.settings import Decoding, OnCollapse, Review
from pipeline_lib.judges.base import JudgeSettings
from pipeline_lib.machine.numerics import Numerics
from pipeline_lib.models.card import ModelKind
from pipeline_lib.overlap.settings import Overlap
from pipeline_lib.sampling.base import SampleStrategy
from pipeline_lib.scoring.quality import SUSPECT_ABOVE
from pipeline_lib.sources.base import SourceSettings
from pipeline_lib.training.settings import Devices, RecipeSettings
from pipeline_lib.weights.base import WeightsKind


def _or_one_word(schema: dict[str, Any]) -> None:
    """Add to a schema that `convert: jpeg` is short for `convert: {to: jpeg}`."""
    schema["anyOf"].append({"enum": ["jpeg", "keep"]})


class Dataset(Settings):
    """Raw files from one source, in shards; `convert` makes its images usable."""

    source: Annotated[SourceSettings, Plugin("sources", key="kind")] = Field(description="where its files come from")
    shards: int = Field(default=1, ge=1, le=1000, description="jobs that fetch and convert it in parallel")
    convert: ConvertSettings | None = Field(
        default=None,
        description="how its images are converted for the models; `jpeg` or `keep` is short for `to`",
        json_schema_extra=_or_one_word,
    )
    smoke: Annotated[SourceSettings, Plugin("sources", key="kind")] | None = Field(
        default=None, description="the source that replaces it in a smoke run"
    )
    prefix: str = Field(default="", description="prefix of its image names in tables and questions")


class Table(Settings):
    """Conversations from a file of a dataset, about images of others."""

    dataset: DatasetName = Field(description="the dataset that holds the file")
    images: list[ImagesName] = Field(default=[], description="the datasets that hold the images")
    conversations: TabulateSettings = Field(description="the file, and how many of its rows may be unusable")


class Subset(Settings):
    """Rows of a table."""

    table: TableName = Field(description="the table whose rows are chosen")
    sample: Annotated[SampleStrategy, Plugin("sampling", key="strategy")] = Field(description="how they are chosen")
    embedded_by: ModelName | None = Field(
        default=None,
        description="weights or training of kind CLIP that embeds the table, for a strategy that reads embeddings",
    )
    holdout: Holdout | None = Field(default=None, description="rows that it leaves out before any are chosen")


class Composition(Settings):
    """The models that a training starts from, or an adapter was trained on."""

    start: ModelName = Field(description="the weights or the training to start from")
    tower: ModelName | None = Field(
        default=None, description="weights or training of kind CLIP that provides the vision tower"
    )
    projector: ModelName | None = Field(
        default=None, description="weights of kind projector that provide the projector"
    )


class StandIn(Settings):
    """Starting weights, made by the study or published."""

    dataset: DatasetName | None = Field(
        default=None, description="the dataset that holds their files, if they are published"
    )
    tower: WeightsName | None = Field(
        default=None, description="weights of kind CLIP that a LLaVA in the original's layout names as its vision tower"
    )
    tables: list[TableName] = Field(default=[], description="the tables whose texts the tokenizer is trained on")
    make: Annotated[WeightsKind, Plugin("weights", key="kind")] = Field(description="their kind and shape")


class Weights(StandIn):
    """Starting weights, shared by all studies with the same definition."""

    base: Composition | None = Field(
        default=None, description="for an adapter: what it was trained on, and is merged into"
    )
    shape: StatedShape | None = Field(default=None, description=StatedShape.__doc__)
    smoke: StandIn | None = Field(default=None, description="the small weights that replace them in a smoke run")


class Training(Composition):
    """One checkpoint: weights or another training, trained by a recipe on a subset."""

    subset: SubsetName | None = Field(
        default=None, description="the rows to train on; none for a recipe without training steps"
    )
    validation: SubsetName | None = Field(
        default=None, description="the rows by which a recipe such as `prototypes` finds the best epoch"
    )
    recipe: Annotated[RecipeSettings, Plugin("recipes", key="name")] = Field(description="how it trains")
    seed: int | None = Field(default=None, ge=0, lt=2**63, description="seed of its random draws; none: the study's")
    devices: Devices = Field(default=Devices(), description="the devices that it runs on")
    untrained: float = Field(
        default=0.001,
        ge=0,
        le=1,
        description="largest share of conversations without a trained token (skipped); a larger share is an error",
    )


class Run(Settings):
    """One model to score."""

    model: ModelName | None = Field(
        default=None,
        description="the training or the weights that answer the questions; none for an engine that names its own",
    )
    engine: Annotated[EngineSettings, Plugin("engines", key="name")] = Field(
        default={"name": "transformers"}, validate_default=True, description="the program that runs the model"
    )
    review: Review | None = Field(
        default=None,
        description="the model is asked to review its answers, and the last one is scored",
    )
    answer_in: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$",
        description="the tag of the section of an answer to score, such as `CONCLUSION`; none: the whole answer",
    )
    on_collapse: OnCollapse = "mark"
    published: str | None = Field(
        default=None,
        description="a model of which benchmarks state published figures, such as llava15_7b, to compare scores with",
    )


def _completed_by_module(schema: dict[str, Any]) -> None:
    """Remove from a schema that keys are required: the benchmark's module provides them (`benchmark_data.py`)."""
    del schema["required"]


class BenchmarkUse(Settings):
    """One benchmark of the study; what is not given comes from the benchmark's module."""

    model_config = ConfigDict(json_schema_extra=_completed_by_module)

    benchmark: Annotated[str, PluginName("benchmarks")] = Field(
        description="a module in pipeline_lib/benchmarks; none: the one named like this entry"
    )
    protocol: str = Field(
        default=PROTOCOL, description="the project whose wording, decoding and reading of answers to use"
    )
    dataset: DatasetName = Field(
        description="the dataset that holds the questions, and the gold if `gold` is not set; none: the benchmark's"
    )
    gold: DatasetName | None = Field(
        default=None,
        description="the dataset that holds the gold, if it is a different one; without `dataset`, the benchmark's",
    )
    files: FileNames = Field(description="the files that hold questions and gold; none: the benchmark's")
    images: list[ImagesName] = Field(description="the datasets that hold the images; none: the benchmark's")
    decoding: Decoding = Field(default=Decoding(), description="how the models answer")
    limit: int | None = Field(
        default=None, ge=1, le=MOST, description="ask about as many questions, of every part by its share; none: all"
    )
    slice: int | None = Field(
        default=None,
        ge=1,
        le=MOST,
        description="ask the first questions of the file, as lmms-eval's `--limit`; none: all",
    )
    judge: Annotated[JudgeSettings, Plugin("judges", key="name")] | None = Field(
        default=None,
        description="what grades the answers to a benchmark that a language model judges; none: only the requests are "
        "written, and the score says that nothing was judged, or, where the judge is optional, rules alone decide",
    )
    replies: DatasetName | None = Field(default=None, description="the dataset that holds the files of a judge")
    scored: bool = Field(
        default=True, description="false for a split whose gold is not public: answers are written for submission"
    )

    @property
    def in_part(self) -> bool:
        """Return whether only some questions are asked."""
        return self.limit is not None or self.slice is not None

    @model_validator(mode="after")
    def _one_part(self) -> Self:
        if self.limit is not None and self.slice is not None:
            raise ValueError("give limit or slice, not both")
        return self


class Study(Settings):
    """A study: what is fetched, trained, evaluated and scored."""

    title: str = Field(description="one line that describes the study")
    smoke: bool = Field(
        default=False, description="rehearse the whole study on the stand-ins of its datasets and weights"
    )
    limit: Limit | None = Field(
        default=None, description="rehearse the whole study on some rows and questions of its own data"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="seed of all random draws of the study")
    threads: int = Field(
        default=1, ge=1, le=10_000, description="threads of a numeric job; bytes depend on their number"
    )
    device: Literal["cpu", "cuda"] = Field(default="cpu", description="where models are trained and evaluated")
    numerics: Numerics | None = Field(
        default=None,
        description="`portable`: equal bytes on every x86-64 processor with AVX2; `native`: as fast as possible; "
        "none: portable on the CPU, native on GPUs",
    )
    memory_gb: int = Field(
        default=4,
        ge=1,
        le=100_000,
        description="main memory in GB that a job with a model requests from the scheduler; changes no result",
    )
    save_every: int = Field(
        default=600,
        ge=0,
        le=31_536_000,
        description="seconds between saved states, from which an interrupted training resumes",
    )
    suspect_above: float = Field(
        default=SUSPECT_ABOVE,
        ge=0,
        le=1,
        description="a score is marked if a larger share of its answers is empty, unparsed or missing",
    )
    margin: float | None = Field(default=None, gt=0, lt=1, description="a run is not worse if its loss is surely less")
    datasets: dict[Name, Dataset] = Field(description="raw files: images, conversations, questions")
    tables: dict[Name, Table] = Field(default={}, description="validated conversations about images")
    subsets: dict[Name, Subset] = Field(default={}, description="chosen rows of tables")
    weights: dict[Name, Weights] = Field(default={}, description="starting weights")
    trainings: dict[Name, Training] = Field(default={}, description="checkpoints, one each")
    overlap: Overlap | None = Field(
        default=None,
        description="compare all benchmarks with the rows of trainings; none: only where such files are targets",
    )
    runs: dict[Name, Run] = Field(description="the models to score")
    benchmarks: dict[Name, BenchmarkUse] = Field(description="the benchmarks that they are scored on")

    @model_validator(mode="before")
    @classmethod
    def _complete_benchmarks(cls, tree: Any) -> Any:
        return completed(tree)

    @model_validator(mode="after")
    def _portable_on_processors(self) -> Self:
        if self.device == "cuda" and self.numerics == "portable":
            raise ValueError("numerics: portable is for device: cpu; GPUs of other kinds round differently")
        half = [name for name, training in self.trainings.items() if training.devices.precision != "float32"]
        if half and self.numerics_of_jobs() == "portable":
            raise ValueError(f"training {half[0]}: precision: bfloat16 rounds by processor; set numerics: native")
        unlike = [name for name, run in self.runs.items() if not run.engine.rounds_alike()]
        if unlike and self.numerics_of_jobs() == "portable":
            raise ValueError(f"run {unlike[0]}: its engine's precision rounds by processor; set numerics: native")
        return self

    def numerics_of_jobs(self) -> Numerics:
        """Return the numerics of the study's jobs."""
        return self.numerics or ("portable" if self.device == "cpu" else "native")

    def model_kind(self, name: str) -> ModelKind:
        """Return the kind of the weights or the training of this name; a merged adapter is a whole model."""
        if name in self.trainings:
            return self.trainings[name].recipe.makes
        weights = self.weights[name]
        return "vlm" if weights.base is not None else weights.make.model_kind()

    def composition(self, name: str) -> Composition | None:
        """Return what a training starts from, or what an adapter was trained on; None for other weights."""
        return self.trainings[name] if name in self.trainings else self.weights[name].base

    def model_template(self, name: str) -> str:
        """Return the conversation template of a vision-language model."""
        maker = self.weights[name].make if name in self.weights else self.trainings[name].recipe
        template = maker.model_template()
        if template is None:
            raise KeyError(f"{name} is no vision-language model")
        return template
