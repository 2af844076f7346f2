"""Settings of the predict stage."""

from typing import Annotated, Any

from pydantic import Field

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.plugins import Plugin, PluginName
from pipeline_lib.core.text import canonical_json
from pipeline_lib.engines.base import AnswerSettings, EngineSettings, Sampling


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
    as_original: bool = Field(
        default=False, description="show images as the original's script for the benchmark, its mistakes included"
    )


class PredictSettings(Decoding, AnswerSettings):
    """The settings of one predict job."""

    benchmark: Annotated[str, PluginName("benchmarks", members=("questions",))]
    engine: Annotated[EngineSettings, Plugin("engines", key="name")]
    protocol: str
    files: FileNames
    model_id: str

    def pace(self) -> str:
        """Return the settings of the engine that change no answer, as JSON."""
        return canonical_json({"engine": self.engine.pace()})

    def gpus_per_node(self) -> int:
        """Return how many GPUs the job takes: one for each process of the engine; 0 on the processor."""
        return self.engine.processes_at_once() if self.device == "cuda" else 0
