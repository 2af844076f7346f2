"""The submit stage: write answers as the file that a benchmark's evaluation server takes."""

import logging
from pathlib import Path
from typing import Annotated, cast

from pipeline_lib.benchmarks.base import FileNames, Files, Submitting, Upload, check_questions, load_benchmark, only
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.scoring.answers import join
from pipeline_lib.scoring.sections import in_section

logger = logging.getLogger(__name__)


class SubmitSettings(Settings):
    """The benchmark, its protocol and its files."""

    benchmark: Annotated[str, PluginName("benchmarks", members=("questions", "submission"))]
    protocol: str
    files: FileNames
    answer_in: str | None = None


def make_submission(
    answers: Path, files: Files, settings: SubmitSettings, chosen: set[str] | None = None
) -> tuple[Upload, int]:
    """Return the file to submit, and how many questions have no answer; `chosen` restricts the questions."""
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    checked = check_questions(settings.benchmark, settings.protocol, files, scored=False)
    joined = in_section(join(only(checked.questions, chosen), answers), settings.answer_in)
    if joined.missing:
        logger.warning("%d of %d questions have no answer", joined.missing, len(joined.pairs))
    submission = cast(Submitting, benchmark).submission(files, joined.pairs, settings.protocol)
    upload = submission if isinstance(submission, Upload) else Upload(submission)
    for cell in upload.cut:
        logger.warning("row %(row)s: `%(column)s`, %(length)d characters, is too long for a cell and was cut", cell)
    return upload, joined.missing
