"""The section of trainings: their loss, and marks of curves that do not learn."""

import math
from pathlib import Path
from statistics import fmean
from typing import Any

from pipeline_lib.report.charts import curve_chart
from pipeline_lib.report.facts import Facts, TrainingFacts
from pipeline_lib.training.health import curve_marks

DATA_FILES = ("training.html",)
TEMPLATE = Path(__file__).parent / "training.html"
TITLE = "Training"
ORDER = 40
TENTHS = 10


def wanted(facts: Facts) -> bool:
    """Return whether a training has steps."""
    return any(each.steps for each in facts.trainings)


def context(facts: Facts) -> dict[str, Any]:
    """Return a chart and a row of every training with steps."""
    return {"trainings": [_training(each) for each in facts.trainings if each.steps]}


def _training(facts: TrainingFacts) -> dict[str, Any]:
    losses = [step.loss for step in facts.steps]
    tenth = math.ceil(len(losses) / TENTHS)
    return {
        "name": facts.name,
        "steps": len(losses),
        "first": f"{fmean(losses[:tenth]):.4g}",
        "last": f"{fmean(losses[-tenth:]):.4g}",
        "rate": f"{max(step.learning_rate for step in facts.steps):.3g}",
        "norm": f"{max(step.gradient_norm for step in facts.steps):.4g}",
        "marks": curve_marks(facts.steps),
        "chart": curve_chart(losses) if any(map(math.isfinite, losses)) else None,
    }
