"""Answers of a model in memory, as the predict stage makes them."""

from pathlib import Path
from typing import Any, cast

from pipeline_lib.benchmarks.base import FileNames, Question
from pipeline_lib.engines.transformers import Settings as Transformers
from pipeline_lib.engines.transformers import engine_of
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.predict import predict
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.inference.settings import PredictSettings
from pipeline_lib.models.family import Vlm


def settings_of(template: str, family: str = "llava", tokens: int = 2048, **others: Any) -> PredictSettings:
    """Return settings of a predict job on one thread; the benchmark and its files are not read."""
    return PredictSettings(
        engine=Transformers(tokens=tokens),
        family=family,
        benchmark="pope",
        template=template,
        protocol="llava15",
        files=FileNames(questions="q"),
        model_id="m",
        threads=1,
        **others,
    )


def answered(
    vlm: Vlm, questions: list[Question], images: ImageReader, settings: PredictSettings, replies: Path
) -> list[dict[str, Any]]:
    """Return the answer record to every question; `replies` is the file that resumes the job."""
    engine = engine_of(vlm, images, settings, cast(Transformers, settings.engine).tokens)
    return predict(engine, questions, settings, "digest", SavedReplies(replies))
