"""Engine `lmms_eval`: the job starts a server for the checkpoint, and lmms-eval, in an environment of its own, asks it.

Beside a run with the engine `server` it shows what differs where another program asks (docs/accuracy.md).
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Literal, Sequence

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines.base import Answered, AnswerSettings, EnginePaths, Reply, Request, unanswered
from pipeline_lib.engines.serving.checkpoint import ServedCheckpoint, Serving, ServingSettings
from pipeline_lib.servers.base import MODEL

if TYPE_CHECKING:
    from pipeline_lib.images.reader import ImageReader

MAKE = "make lmms-eval"
LOOK_SECONDS = 1.0
SHOWN_LINES = 15  # of its log, in an error


class Settings(ServingSettings):
    """Which program serves the checkpoint, and which lmms-eval asks it."""

    name: Literal["lmms_eval"]
    version: str = Field(default="0.7.3", description="the version of lmms-eval installed there")
    attempts: int = Field(default=1, ge=1, le=100, exclude=True, description="of a request; lmms-eval's `max_retries`")
    concurrency: int = Field(default=1, ge=1, le=1000, exclude=True, description="requests at a time")
    python: str = Field(
        default=".venv-lmms-eval/bin/python",
        exclude=True,
        description=f"the interpreter of its environment, which `{MAKE}` makes",
    )

    def means(self) -> dict[str, Any]:
        """Return where it is, and how it asks."""
        local = {"attempts": self.attempts, "concurrency": self.concurrency, "python": self.python}
        return {**super().means(), **local}


@dataclass(frozen=True)
class LmmsEvalEngine:
    """A checkpoint, the images of its requests, and how it answers."""

    settings: Settings
    model: Path
    images: "ImageReader"
    how: AnswerSettings
    paths: EnginePaths

    def answer(self, requests: Sequence[Request], answered: Answered) -> Iterator[Reply]:
        """Yield the replies to those requests that have none, or failed before, once lmms-eval has asked them all."""
        from pipeline_lib.engines.serving.lmms_task import replies, write_tasks

        asked = unanswered(requests, answered)
        if not asked:
            return
        for request in asked:
            self._expect_usable(request)
        python = self._python()
        folder = self.paths.state.resolve() / "lmms_eval"
        shutil.rmtree(folder, ignore_errors=True)  # of an interrupted job
        tasks = write_tasks(folder / "tasks", asked, self.images, self._decoding())
        with ServedCheckpoint(self.settings, self.model, self.how, self.paths).started() as serving:
            self._run(python, tasks, folder, serving)
        facts = {"server": serving.facts, "asked_by": {"program": "lmms-eval", "version": self.settings.version}}
        yield from replies(folder / "logs", facts)

    def _expect_usable(self, request: Request) -> None:
        """Raise PipelineError for what lmms-eval does not send."""
        lacking = {
            "`review`": bool(request.rounds),
            "`answer_in`, whose answers end at a text": request.until is not None,
            "`stop`": bool(self.how.stop),
            "`as_original`": request.padded_first and bool(request.images),
        }
        for what, asked in lacking.items():
            if asked:
                cure = "leave it out, or ask with the engine server"
                raise PipelineError(f"lmms-eval does not ask with {what}", where=f"question {request.id}", cure=cure)

    def _decoding(self) -> dict[str, float | int]:
        seed = {} if self.how.seed is None else {"seed": self.how.seed % 2**31}
        return {"temperature": self.how.temperature, "top_p": self.how.top_p, **seed}

    def _python(self) -> Path:
        """Return the interpreter of lmms-eval's environment; PipelineError if it is not there or of another version."""
        python = Path(self.settings.python).absolute()
        if not python.is_file():
            raise PipelineError("there is no environment of lmms-eval", where=python, cure=MAKE)
        code = "from importlib.metadata import version; print(version('lmms-eval'))"
        done = subprocess.run([python, "-P", "-c", code], capture_output=True, text=True, check=False)
        if done.stdout.strip() != self.settings.version:
            installed = done.stdout.strip() or "no lmms-eval"
            what = f"the study asks with lmms-eval {self.settings.version}"
            raise PipelineError(what, where=python, value=installed, cure=f"{MAKE}, or correct `version`")
        return python

    def _run(self, python: Path, tasks: list[str], folder: Path, serving: Serving) -> None:
        """Run lmms-eval until it ends."""
        from pipeline_lib.machine.bound_program import BoundProgram

        settings = self.settings
        sent = f"model_version={MODEL},max_retries={settings.attempts},num_concurrent={settings.concurrency}"
        command = [str(python), "-P", "-m", "lmms_eval", "--model", "openai_compatible", "--model_args", sent]
        command += ["--tasks", ",".join(tasks), "--include_path", str(folder / "tasks"), "--batch_size", "1"]
        command += ["--log_samples", "--output_path", str(folder / "logs")]
        variables = {
            **{"OPENAI_API_BASE": serving.url, "OPENAI_API_KEY": "undefined", "HF_HOME": str(folder / "cache")},
            **{"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"},
        }
        log = self.paths.server_log.with_suffix(".lmms_eval.log")
        with BoundProgram(command, variables, folder, log) as program:
            while (code := program.exit_code(LOOK_SECONDS)) is None:
                serving.server.expect_running()
            lines = "".join(f"\n    {line}" for line in program.last_lines(SHOWN_LINES))
        if code or not any((folder / "logs").rglob("*_samples_*.jsonl")):
            what = f"lmms-eval ended with code {code} and logged no answers; its last lines:{lines}"
            raise PipelineError(what, where=log, cure="correct what they say")


def open_engine(
    settings: Settings, model: Path, images: "ImageReader", how: AnswerSettings, paths: EnginePaths
) -> LmmsEvalEngine:
    """Return the engine that lets lmms-eval ask when there is something to ask."""
    return LmmsEvalEngine(settings, model, images, how, paths)
