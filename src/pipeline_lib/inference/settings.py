"""Settings of the predict stage."""

import operator
import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.plugins import Plugin, PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import canonical_json
from pipeline_lib.engines.base import AnswerSettings, EngineSettings, Sampling

QUESTION, BRACES = "{question}", re.compile(r"\{[a-z_]+\}")


def _by_protocol(schema: dict[str, Any]) -> None:
    """Remove the default from a schema: in a study the protocol provides it."""
    del schema["default"]


class Decoding(Sampling):
    """How a model answers, by default greedily."""

    max_new_tokens: int = Field(
        default=128,
        gt=0,
        le=1_000_000,
        description="longest answer, in tokens; none: the protocol's",
        json_schema_extra=_by_protocol,
    )
    temperature: float = Field(default=0, ge=0, le=2, description="0: greedy")
    top_p: float = Field(default=1, gt=0, le=1, description="the share of likely tokens to draw from")
    stop: list[str] = Field(default=[], description="texts that end an answer")
    as_original: bool = Field(
        default=False, description="show images as the original's script for the benchmark, its mistakes included"
    )


class Review(Settings):
    """Further turns: the model is asked to review its answer, in the same conversation."""

    text: str = Field(
        min_length=1,
        description="what the model is asked after each answer but the last; `{question}` in it is the prompt of the "
        "question",
    )
    turns: int = Field(default=2, ge=2, le=10, description="answers in all, the first one included")
    after: str | None = Field(
        default=None,
        min_length=1,
        description="the first answer ends behind this text, such as `</REASONING>`, so that the review comes between "
        "two sections of an answer; none: behind the whole answer",
    )

    @field_validator("text")
    @classmethod
    def _only_question(cls, text: str) -> str:
        for name in BRACES.findall(text):
            if name != QUESTION:
                raise ValueError(f"{name} stands for nothing here; only {QUESTION} does")
        return text

    def about(self, question: str) -> str:
        """Return what the model is asked about its answer to a question."""
        return self.text.replace(QUESTION, question)


OnCollapse = Annotated[
    Literal["mark", "stop"],
    Field(
        exclude_if=lambda value: value == "mark",  # the settings of other jobs stay as they were
        description="what becomes of a run whose first 50 answers are the same: its score is marked, or its job ends",
    ),
]


class PredictSettings(Decoding, AnswerSettings):
    """The settings of one predict job."""

    benchmark: Annotated[str, PluginName("benchmarks", members=("questions",))]
    engine: Annotated[EngineSettings, Plugin("engines", key="name")]
    protocol: str
    files: FileNames
    model_id: str
    review: Review | None = None
    on_collapse: OnCollapse = "mark"
    first_token: bool = Field(
        default=False,
        exclude_if=operator.not_,
        description="the answer is the option whose letter is the likeliest first token; the protocol decides",
    )
    upright: bool = Field(
        default=False,
        exclude_if=operator.not_,  # the settings of the other protocols stay as they were
        description="images are turned upright by their EXIF tags; the protocol decides",
    )

    def means(self) -> str:
        """Return the settings that decide no byte, as JSON."""
        return canonical_json({"engine": self.engine.means()})

    def gpus_per_node(self) -> int:
        """Return how many GPUs the job takes: one for each process of the engine; 0 on the processor."""
        return self.engine.processes_at_once() if self.device == "cuda" else 0
