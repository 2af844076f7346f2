"""Settings that recipes share; every setting that changes the weights is here or in the recipe."""

from math import ceil
from typing import Annotated, Any, Callable, ClassVar, Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.plugins import Plugin, PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.machine.numerics import DeviceSettings, NumericSettings
from pipeline_lib.models.card import ModelKind
from pipeline_lib.models.parts import Part
from pipeline_lib.models.settings import OPENING
from pipeline_lib.weights.base import WeightsKind

TRAINING = (*OPENING, "LORA_TARGETS", "encode_row", "blank_features")  # of a family
MOST_ROWS = 10_000_000  # in a step


# The settings whose values most published recipes state, so that a recipe can state its own defaults.
LearningRate = Annotated[float, Field(gt=0, description="the peak learning rate, reached after the warm-up")]
BatchSize = Annotated[int, Field(gt=0, le=MOST_ROWS, description="rows per optimiser step")]
Epochs = Annotated[float | None, Field(gt=0, le=100_000, description="passes over the subset; or give steps")]
WeightDecay = Annotated[float, Field(ge=0, le=100, description="AdamW's weight decay, not applied to norms and biases")]
ClipNorm = Annotated[float, Field(ge=0, le=1_000_000, description="largest gradient norm; 0: no clipping")]

Schedule = Annotated[
    Literal["cosine", "linear", "constant", "step"],
    Field(description="how the learning rate falls after the warm-up; step: after every epoch, by `rate_factor`"),
]
RateFactor = Annotated[
    float | None,
    Field(
        gt=0,
        le=1,
        exclude_if=lambda factor: factor is None,  # the settings of the other schedules stay as they were
        description="with `schedule: step`: what the learning rate is multiplied by after every epoch",
    ),
]
Warmup = Annotated[
    float,
    Field(ge=0, lt=1, description="share of the steps over which the learning rate rises; a single step has none"),
]


class RecipeSettings(Settings):
    """Settings of a recipe; `name` names its module.

    `makes` is the kind of model that results. Saved is the whole model, or an adapter: the few tensors that changed,
    to be merged into the model that the training started from.
    """

    makes: ClassVar[ModelKind] = "vlm"
    saves: ClassVar[Literal["model", "adapter"]] = "model"

    name: str = Field(description="the recipe: a module in pipeline_lib/recipes")

    def model_template(self) -> str | None:
        """Return the conversation template of the resulting LLaVA, None for another model."""
        return None

    def best_by(self) -> str | None:
        """Return the metric of the rows for validation by which an epoch is the best, None if it takes no such rows."""
        return None

    def draws_projector(self) -> bool:
        """Return whether a random projector is drawn where neither `start` nor `projector` has one."""
        return False


class Optimisation(RecipeSettings):
    """Optimiser settings of recipes with steps: AdamW with warm-up, a schedule and explicit clipping."""

    learning_rate: LearningRate
    batch_size: BatchSize
    epochs: Epochs = None
    steps: int | None = Field(default=None, gt=0, le=100_000_000, description="optimiser steps; or give epochs")
    schedule: Schedule = "cosine"
    rate_factor: RateFactor = None
    warmup: Warmup = 0.03
    weight_decay: WeightDecay = 0.0
    beta1: float = Field(default=0.9, ge=0, lt=1, description="AdamW's decay rate of the running mean of gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="AdamW's decay rate of the mean of their squares")
    clip_norm: ClipNorm

    def own_rates(self) -> dict[Part, float]:
        """Return learning rates by the part of the model that they are for; all others have `learning_rate`."""
        return {}

    def rates(self) -> Callable[[int], float] | None:
        """Return the share of the learning rate by epoch, from 0, or None if `schedule` and `warmup` say it."""
        factor = self.rate_factor
        return None if factor is None else lambda epoch: float(factor**epoch)

    def fewest_rows(self) -> int:
        """Return the fewest rows of a pass from which anything can be learned."""
        return 1

    def steps_over(self, rows: int) -> int:
        """Return how many optimiser steps a training on `rows` rows takes."""
        return self.steps or ceil((self.epochs or 0) * ceil(rows / self.batch_size))

    @model_validator(mode="before")
    @classmethod
    def _instead_of_epochs(cls, values: Any) -> Any:
        """Return `steps` without the epochs that are a recipe's default."""
        instead = isinstance(values, dict) and values.get("steps") is not None
        return {"epochs": None, **values} if instead else values

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either epochs or steps")
        if (self.schedule == "step") != (self.rate_factor is not None):
            raise ValueError("schedule: step has a rate_factor, and no other schedule has one")
        if self.schedule == "step" and self.warmup:
            raise ValueError("schedule: step begins with the whole learning rate: write `warmup: 0`")
        return self


class Devices(Settings):
    """Devices and precision of a training. Other devices give other bytes, but the same training otherwise."""

    nodes: int = Field(
        default=1, ge=1, le=10_000, description="machines that share every step, if a scheduler grants them"
    )
    gpus_per_node: int = Field(
        default=1, ge=1, le=1_000, description="GPUs of each node, one process per GPU; with `device: cpu`, processes"
    )
    micro_batch: int | None = Field(
        default=None,
        gt=0,
        le=MOST_ROWS,
        description="rows of one process in one pass; none: its whole share of a step",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="precision of the computation; optimiser states are float32"
    )
    sharding: Literal["none", "zero2", "zero3", "fsdp"] = Field(
        default="none",
        description="what is sharded over the processes: by DeepSpeed, zero2 gradients and optimiser, zero3 the "
        "weights too; fsdp: all three, by torch's FSDP2",
    )
    deepspeed: str | None = Field(
        default=None,
        exclude_if=lambda settings: settings is None,  # the settings of other trainings stay as they were
        description="with zero2 or zero3: a JSON file of DeepSpeed's settings in place of the original's, which states "
        "`gradient_clipping`; a job has its content",
    )
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2", "flash_attention_3"] = Field(
        default="auto",
        exclude_if=lambda settings: settings == "auto",
        description="implementation of attention; auto: flash_attention_2 on a GPU if flash-attn is installed, the "
        "precision is bfloat16, and the GPU and the model allow it, else sdpa; the record states which one it was",
    )
    kernels: Literal["torch", "liger"] = Field(
        default="torch",
        exclude_if=lambda settings: settings == "torch",
        description="on a GPU, liger: the kernels of liger-kernel for rotary embeddings, norms and gated layers",
    )
    recompute_activations: bool = Field(
        default=False, description="recompute activations instead of storing them: slower, less memory"
    )

    @model_validator(mode="after")
    def _several(self) -> Self:
        if self.sharding == "fsdp" and self.processes < 2:
            raise ValueError("fsdp shards over processes, and there is one: raise gpus_per_node")
        if self.deepspeed is not None and not self.by_deepspeed:
            raise ValueError(f"sharding: {self.sharding} has no settings of DeepSpeed; choose zero2 or zero3")
        return self

    @property
    def processes(self) -> int:
        """Return how many processes share every step."""
        return self.nodes * self.gpus_per_node

    @property
    def by_deepspeed(self) -> bool:
        """Return whether DeepSpeed shards the training."""
        return self.sharding in ("zero2", "zero3")

    def passes(self, batch_size: int) -> int:
        """Return how many passes of every process make a step of `batch_size` rows; ValueError if no number does."""
        rows = self.processes * (self.micro_batch or max(1, batch_size // self.processes))
        if batch_size % rows:
            shares = f"{self.nodes} x {self.gpus_per_node} processes x {rows // self.processes}"
            raise ValueError(f"{batch_size} rows a step are not a multiple of {shares} = {rows} rows")
        return batch_size // rows

    def rows(self, batch_size: int) -> int:
        """Return how many of the `batch_size` rows of a step one process takes in one pass."""
        return batch_size // (self.passes(batch_size) * self.processes)


class WeightsSettings(NumericSettings):
    """Settings of a weights job."""

    make: Annotated[WeightsKind, Plugin("weights", key="kind")]
    tables: list[str] = Field(default=[], description="tables whose texts train the tokenizer, in order")
    seed: int


class TrainSettings(DeviceSettings):
    """Settings of a train job."""

    recipe: Annotated[RecipeSettings, Plugin("recipes", key="name")]
    family: Annotated[str, PluginName("families", members=TRAINING)] | None = None
    seed: int
    devices: Devices = Devices()

    def nodes(self) -> int:
        """Return how many nodes share the training."""
        return self.devices.nodes

    def gpus_per_node(self) -> int:
        """Return how many GPUs the training takes on each node; 0 on the processor."""
        return self.devices.gpus_per_node if self.device == "cuda" else 0
