"""Captions of images: how projects ask for them, files in COCO's form, and the file that a server takes.

Prompts and lengths are those of OpenGVLab/InternVL 2410d1d (`internvl_chat/eval/caption/evaluate_caption.py`) and of
EvolvingLMMs-Lab/lmms-eval 75571cf (`lmms_eval/tasks/flickr30k`, `nocaps`).
"""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Mapping

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Asking, Files, Question
from pipeline_lib.benchmarks.families.caption_words import plain_words
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Text, number_or_text, parse_row
from pipeline_lib.core.text import read_json


@dataclass(frozen=True)
class CaptionWording(Asking):
    """How a protocol asks for a caption."""

    prompt: str = "Provide a one-sentence caption for the provided image."


class ListedImage(FileRow):
    """An image of a COCO file, or of InternVL's list of COCO images, where its name ends with its id."""

    id: Identifier | None = None
    file_name: Text | None = None
    image: Text | None = None


class Annotation(FileRow):
    """A reference caption."""

    image_id: Identifier
    caption: FreeText


@dataclass(frozen=True)
class CaptionQuestions:
    """The `questions` of a benchmark: one for every image of the file; an id is the image's."""

    wordings: Mapping[str, CaptionWording]

    def __call__(self, files: Files, protocol: str) -> list[Question]:
        """Return the questions in the order of the file; the same image twice is one, two of one id PipelineError."""
        content: Any = read_json(files.questions)
        listed = content.get("images") if isinstance(content, dict) else content
        if not isinstance(listed, list):
            what, cure = "this is no list of images", "name a file with `images` and `annotations`"
            raise PipelineError(what, where=files.questions, value=type(content).__name__, cure=cure)
        prompt = self.wordings[protocol].prompt
        images: dict[str, str] = {}
        for number, row in enumerate(listed, 1):
            identifier, name = _image(row, where := f"{files.questions}, row {number}")
            if images.setdefault(identifier, name) != name:
                value = f"{identifier}: {images[identifier]}, {name}"
                raise PipelineError(
                    "two images have the same id", where=where, value=value, cure="fetch the file again"
                )
        return [Question(identifier, prompt, (name,), "all") for identifier, name in images.items()]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the reference captions of every image; an empty one raises PipelineError."""
    path = files.gold or files.questions
    content: Any = read_json(path)
    listed = content.get("annotations") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        cure = "name a file in COCO's form"
        raise PipelineError("the references are `annotations` of an object", where=path, cure=cure)
    references: dict[str, list[JsonValue]] = {}
    for number, row in enumerate(listed, 1):
        where = f"{path}, annotation {number}"
        annotation = parse_row(Annotation, row, "an annotation needs `image_id` and `caption`", where)
        if not plain_words(annotation.caption):
            raise PipelineError("a reference caption without a word", where=where, value=annotation.caption)
        references.setdefault(annotation.image_id, []).append(annotation.caption)
    return {**references}


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return the results that COCO's code takes: `image_id` and `caption`; an image without an answer is left out."""
    captions = [(question.id, text) for question, text in answers if text is not None]
    return json.dumps([{"image_id": number_or_text(name), "caption": text} for name, text in captions]).encode()


def _image(row: Any, where: str) -> tuple[str, str]:
    """Return the id and the name of an image, without folders."""
    listed = parse_row(ListedImage, row, "an image needs `file_name` or `image`", where)
    path = listed.file_name or listed.image
    if path is None:
        raise PipelineError("an image needs `file_name` or `image`", where=where, value=row)
    name = PurePosixPath(path).name
    number = PurePosixPath(name).stem.rpartition("_")[2]
    identifier = listed.id if listed.id is not None else _number(number)
    if identifier is None:
        raise PipelineError("an image needs an `id`, or a name that ends with it", where=where, value=path)
    return identifier, name


def _number(text: str) -> str | None:
    """Return a whole number without zeros before it, None for another text."""
    return text.lstrip("0") or "0" if text.isascii() and text.isdecimal() else None


PROTOCOLS = {"internvl12": CaptionWording(30), "lmms_eval": CaptionWording(64)}
questions = CaptionQuestions(PROTOCOLS)
