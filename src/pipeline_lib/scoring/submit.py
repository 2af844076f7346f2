"""The submit stage: answers become the file that a benchmark's own server takes."""

import logging
from pathlib import Path
from typing import cast

from pipeline_lib.benchmarks.base import FileNames, Files, Submitting, check_questions, load_benchmark, only
from pipeline_lib.core.settings import Settings
from pipeline_lib.scoring.answers import join

logger = logging.getLogger(__name__)


class SubmitSettings(Settings):
    """Which benchmark's file, by which protocol."""

    benchmark: str
    protocol: str
    files: FileNames


def make_submission(
    answers: Path, files: Files, settings: SubmitSettings, chosen: set[str] | None = None
) -> tuple[bytes, int]:
    """Return the file to hand in, of the chosen questions if given, and how many of them it leaves unanswered."""
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    checked = check_questions(settings.benchmark, settings.protocol, files, scored=False)
    joined = join(only(checked.questions, chosen), answers)
    if joined.missing:
        logger.warning("%d of %d questions have no answer", joined.missing, len(joined.pairs))
    handed_in = cast(Submitting, benchmark).submission(files, joined.pairs, settings.protocol)
    return handed_in, joined.missing
