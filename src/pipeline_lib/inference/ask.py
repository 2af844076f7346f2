"""Ask a model one question about image files, converted and shown as those of a benchmark."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence, cast

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.engines.base import AnswerSettings, EngineModule, EnginePaths, EngineSettings, Reply, Request
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.pixels import PixelRule
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.prompts.base import Template, question, text_of

QUESTION = "question"  # the id of the request


@dataclass(frozen=True)
class Asking:
    """A question about image files, and the rule that turns them into RGB."""

    text: str
    images: tuple[Path, ...]
    max_new_tokens: int
    pixels: PixelRule


@dataclass(frozen=True)
class Answer:
    """The reply, the seconds that it took with the start of the model, and the prompt as text."""

    reply: Reply
    seconds: float
    prompt: str


def ask(
    engine: EngineSettings, model: Path | None, how: AnswerSettings, asking: Asking, folder: Path, log: Path
) -> Answer:
    """Return the answer to a question; PipelineError if there is none.

    `folder` is empty and takes files; the server of an engine writes into `log`.
    """
    images, names = reader_of(asking.images, asking.pixels, folder)
    module = cast(EngineModule, load("engines", engine.name))
    request = Request(QUESTION, asking.text, names, asking.max_new_tokens)
    saved = SavedReplies(folder / "replies.jsonl")
    began = time.monotonic()
    opened = module.open_engine(engine, model, images, how, EnginePaths(folder, log))
    (reply,) = opened.answer([request], saved)
    seconds = time.monotonic() - began
    saved.close()
    if reply.status != "ok":
        raise PipelineError("the model did not answer", value=reply.text, cure="correct what it says")
    return Answer(reply, seconds, _prompt(how, asking))


def reader_of(files: Sequence[Path], pixels: PixelRule, folder: Path) -> tuple[ImageReader, tuple[str, ...]]:
    """Return a reader of image files, and their names in it; PipelineError for one that a benchmark could not use."""
    from pipeline_lib.images.index import merge, write_index
    from pipeline_lib.images.shard import convert_shard

    raw, archive, index = folder / "raw", folder / "images.tar", folder / "index.parquet"
    raw.mkdir()
    copies = [raw / f"{number}{file.suffix}" for number, file in enumerate(files)]
    for file, copy in zip(files, copies, strict=True):
        if not file.is_file():
            raise PipelineError("no such image", where=file, cure="name an image file")
        shutil.copyfile(file, copy)
    rows = convert_shard(raw, copies, archive, archive, ConvertSettings(to="keep", pixels=pixels))
    write_index(index, merge([rows], ""))
    reader = ImageReader([index])
    for file, copy in zip(files, copies, strict=True):
        if copy.name not in reader:
            reasons = [row.reason for row in rows if row.path == copy.name]
            raise PipelineError("this file is no usable image", where=file, value="; ".join(reasons) or "no image")
    return reader, tuple(copy.name for copy in copies)


def _prompt(how: AnswerSettings, asking: Asking) -> str:
    """Return the prompt with its template; a server that brings its model has one of its own."""
    if how.template is None:
        images = f"[{len(asking.images)} images] " if asking.images else ""
        return f"{images}{asking.text}"
    template = cast(Template, load("prompts", how.template))
    return text_of(question(template, asking.text, len(asking.images)))
