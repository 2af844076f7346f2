"""The inspect_questions stage: check a benchmark's questions against its protocol, images and gold answers."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from pipeline_lib.benchmarks.base import Files, Question, check_questions, only, open_files, some
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inspection.settings import InspectQuestionsSettings
from pipeline_lib.job.manifest import Manifest

SCHEMA = 1


@dataclass(frozen=True)
class Inspection:
    """The counts of a benchmark's questions, for the user, and all faults in them."""

    report: dict[str, Any]
    faults: list[str]


def inspect_questions(
    shards: list[Manifest], images: ImageReader, settings: InspectQuestionsSettings, chosen: set[str] | None
) -> Inspection:
    """Return the counts and faults of the questions, or of the `chosen` ones of a rehearsal.

    Files that do not fit the benchmark are a fault too. A file that differs from its manifest raises PipelineError:
    a verdict would be wrong once the file is restored.
    """
    for shard in shards:
        shard.files()
    try:
        files = open_files(shards, settings.files)
        questions = check_questions(settings.benchmark, settings.protocol, files, scored=False).questions
    except PipelineError as error:
        return Inspection({"schema": SCHEMA, "faults": [str(error)]}, [str(error)])
    gold, gold_faults = _gold(files, settings)
    selection = only(questions, chosen)
    missing = [(question, image) for question in selection for image in question.images if image not in images]
    reasons = [images.why_not(image) for _, image in missing]
    faults = [
        *_empty(selection, files),
        *_missing(reasons, len({question.id for question, _ in missing}), len(selection), files),
        *gold_faults,
    ]
    report = {
        "schema": SCHEMA,
        "questions": len(selection),
        "parts": dict(sorted(Counter(question.part for question in selection).items())),
        "images": len({image for question in selection for image in question.images}),
        "without_image": sum(not question.images for question in selection),
        "longest_prompt": max((len(question.prompt) for question in selection), default=0),  # characters
        "missing_images": [
            {"question": question.id, "image": image, "reason": reason}
            for (question, image), reason in zip(missing, reasons, strict=True)
        ],
        **gold,
        "faults": faults,
    }
    return Inspection(report, faults)


def _gold(files: Files, settings: InspectQuestionsSettings) -> tuple[dict[str, int], list[str]]:
    """Return the counts of the gold answers and their faults; neither for a benchmark scored elsewhere."""
    if not settings.scored:
        return {}, []
    try:
        checked = check_questions(settings.benchmark, settings.protocol, files)
    except PipelineError as error:
        return {}, [str(error)]
    return {"gold": len(checked.gold), "unasked": len(checked.unasked)}, []


def _empty(questions: list[Question], files: Files) -> list[str]:
    empty = [question.id for question in questions if not question.prompt.strip()]
    cure = "write the questions, or leave them out"
    return [_fault(f"{len(empty):,} questions have no text", files, some(empty), cure)] if empty else []


def _missing(reasons: list[str], count: int, total: int, files: Files) -> list[str]:
    """Return the fault that images are missing, with the first names and the nearest existing ones."""
    cure = "correct the names or the `prefix` of the dataset, add the images, or list their dataset in `images`"
    what = f"{count:,} of {total:,} questions have an unusable image"
    return [_fault(what, files, some(reasons), cure)] if reasons else []


def _fault(what: str, files: Files, value: str, cure: str) -> str:
    return str(PipelineError(what, where=files.questions, value=value, cure=cure))
