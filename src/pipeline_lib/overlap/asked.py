"""What a benchmark asks: its questions and the pins of their images."""

from dataclasses import dataclass
from typing import Mapping, Sequence

from pipeline_lib.benchmarks.base import Question, load_benchmark, only, open_files
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.overlap.settings import SharedImagesSettings
from pipeline_lib.rehearsal.chosen import chosen


@dataclass(frozen=True)
class Asked:
    """What a benchmark asks: its questions, the pins of their usable images by path, and which looks count as alike."""

    questions: list[Question]
    pins: Mapping[str, str]
    near: int


def asked_of(questions: list[Question], images: ImageReader, near: int) -> Asked:
    """Return what some questions ask; their unusable images, which `inspect_questions` lists, are left out."""
    paths = {path for question in questions for path in question.images if path in images}
    return Asked(questions, {path: images.row(path).pin for path in sorted(paths)}, near)


def read_asked(
    settings: SharedImagesSettings, raw: list[Manifest], indexes: Sequence[Manifest], choice: list[Manifest]
) -> Asked:
    """Return what a benchmark asks in its raw files, or, in a rehearsal, what of it was chosen."""
    files = open_files(raw, settings.files)
    questions = load_benchmark(settings.benchmark, settings.protocol).questions(files, settings.protocol)
    images = ImageReader([manifest.file("index.parquet") for manifest in indexes])
    return asked_of(only(questions, chosen(choice, "questions")), images, settings.near)
