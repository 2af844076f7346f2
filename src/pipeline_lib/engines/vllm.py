"""Engine `vllm`: vLLM loads the checkpoint's export in this job's process and answers, where it is installed.

Its interface as in vLLM 0.33.0: `LLM`, `LLM.chat` (`vllm/entrypoints/llm.py`), `SamplingParams`
(`vllm/sampling_params.py`) and `RequestOutput` (`vllm/outputs.py`).
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Literal, Sequence

from pydantic import Field, field_validator

from pipeline_lib.core.cutting import cut_behind
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.endpoints.access import without_keys
from pipeline_lib.engines.base import Answered, AnswerSettings, EnginePaths, Reply, Request, Stop, unanswered
from pipeline_lib.engines.serving.export import CHAT, ExportedSettings, exported
from pipeline_lib.engines.serving.messages import Message, messages_of

if TYPE_CHECKING:
    from pipeline_lib.images.reader import ImageReader

SEEDS = 2**31  # as the engine `openai` sends them
TOGETHER = 256  # requests after whose replies an interrupted job can continue; vLLM forms its own batches of them


class Settings(ExportedSettings):
    """How vLLM loads the model, and what it takes of this machine."""

    name: Literal["vllm"]
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="the type of the model's numbers"
    )
    options: dict[str, Any] = Field(
        default={}, description="further arguments of `vllm.LLM`, such as `{max_model_len: 4096}`"
    )
    version: str | None = Field(default=None, description="the version to answer with; none: any, which answers state")
    memory: float | None = Field(
        default=None, gt=0, le=1, exclude=True, description="share of a GPU's memory: `gpu_memory_utilization`"
    )

    @field_validator("options", mode="before")
    @classmethod
    def _no_key(cls, options: object) -> object:
        return without_keys(options)

    def means(self) -> dict[str, Any]:
        """Return what it takes of this machine."""
        return {**super().means(), "memory": self.memory}


@dataclass(frozen=True)
class VllmEngine:
    """A checkpoint, the images of its requests, and how it answers."""

    settings: Settings
    model: Path
    images: "ImageReader"
    how: AnswerSettings
    paths: EnginePaths

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield the replies to those requests that have none, or failed before; nothing is loaded where all have one.

        Which of them vLLM computes together is its own matter, and may change an answer.
        """
        pending = unanswered(requests, answered)
        if not pending:
            return
        for request in pending:
            self._expect_usable(request)
        facts = {"engine": {"program": "vllm", "version": self._version()}}
        folder = exported(self.model, self.how, self.paths)
        llm, template = self._loaded(folder, pending), (folder / CHAT).read_text()
        for start in range(0, len(pending), TOGETHER):
            group = pending[start : start + TOGETHER]
            messages, sampling = [self._messages(each) for each in group], [self._sampling(each) for each in group]
            outputs = llm.chat(messages, sampling, use_tqdm=False, chat_template=template)
            for request, output in zip(group, outputs, strict=True):  # in the order of the requests
                yield _reply(request, output, facts)

    def _expect_usable(self, request: Request) -> None:
        for path in request.images:
            self.images.row(path)
        if request.padded_first and request.images:
            what = "only the engine transformers takes images padded before they become RGB"
            raise PipelineError(what, where=f"question {request.id}", cure="leave out `as_original`")

    def _version(self) -> str:
        """Return the installed version; PipelineError if there is none, or the study states another one."""
        cure = "install it, or ask with the engine server and `program: vllm` of another environment (docs/serving.md)"
        try:
            installed = version("vllm")
        except PackageNotFoundError:
            raise PipelineError("vLLM is not installed in this environment", value="vllm", cure=cure) from None
        if find_spec("vllm") is None:
            raise PipelineError("vLLM cannot be imported", value=installed, cure=cure)
        if self.settings.version not in (None, installed):
            what, cure = "the study states another version of vLLM", f"install {self.settings.version}, or correct it"
            raise PipelineError(what, where="engine.version", value=installed, cure=cure)
        return installed

    def _loaded(self, folder: Path, requests: Sequence[Request]) -> Any:
        """Return vLLM's model, which takes as many images a question as one of the requests has."""
        from vllm import LLM

        most = max(1, *(len(request.images) for request in requests))
        memory = {} if self.settings.memory is None else {"gpu_memory_utilization": self.settings.memory}
        decided = {
            **{"dtype": self.settings.dtype, "seed": 0, "tensor_parallel_size": self.settings.gpus, **memory},
            **{"limit_mm_per_prompt": {"image": most}},
        }
        repeated = sorted(decided.keys() & self.settings.options.keys())
        if repeated:
            what, cure = "these arguments of vLLM have keys of their own, or follow from the questions", "remove them"
            raise PipelineError(what, where="engine.options", value=", ".join(repeated), cure=cure)
        return LLM(str(folder), **decided, **self.settings.options)

    def _messages(self, request: Request) -> list[Message]:
        """Return the messages of a request, with the pixels that the engine `transformers` shows, as PNG."""
        from pipeline_lib.endpoints.pictures import data_url

        urls = [data_url(self.images.open(path, self.images.row(path).pin)) for path in request.images]
        return messages_of(request, urls)

    def _sampling(self, request: Request) -> Any:
        """Return how vLLM chooses the tokens of an answer."""
        from vllm import SamplingParams

        seed = None if self.how.seed is None else derive_seed(self.how.seed, "answer", request.id) % SEEDS
        return SamplingParams(
            temperature=self.how.temperature,
            top_p=self.how.top_p,
            stop=list(self.how.stop),
            seed=seed,
            max_tokens=request.max_new_tokens,
        )


def _reply(request: Request, output: Any, facts: dict[str, Any]) -> Reply:
    """Return the reply in one of vLLM's `RequestOutput`s."""
    (answer,) = output.outputs
    ended = answer.finish_reason != "length" or (request.until is not None and request.until in answer.text)
    stop: Stop = "end" if ended else "length"
    text = cut_behind(answer.text, request.until).strip()
    facts = {**facts, "prompt_tokens": len(output.prompt_token_ids or ())}
    return Reply(request.id, text, len(answer.token_ids), stop, facts=facts)


def open_engine(
    settings: Settings, model: Path, images: "ImageReader", how: AnswerSettings, paths: EnginePaths
) -> VllmEngine:
    """Return the engine, which loads the model when there is something to ask."""
    return VllmEngine(settings, model, images, how, paths)
