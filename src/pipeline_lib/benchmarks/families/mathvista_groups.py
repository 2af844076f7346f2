"""The groups of problems by which MathVista counts, and the means over them; by key, the values in its testmini split.

Source: lupantech/MathVista 53d5258 `data/testmini.json`.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.benchmarks.families.counting import ratio

GROUPS: dict[str, tuple[str, ...]] = {
    "question_type": ("free_form", "multi_choice"),
    "answer_type": ("float", "integer", "list", "text"),
    "language": ("chinese", "english", "persian"),
    "source": (
        "A-OKVQA",
        "AI2D",
        "CLEVR-Math",
        "ChartQA",
        "DVQA",
        "DocVQA",
        "FigureQA",
        "FunctionQA",
        "GEOS",
        "GeoQA+",
        "Geometry3K",
        "IQTest",
        "IconQA",
        "KVQA",
        "MapQA",
        "PMC-VQA",
        "PaperQA",
        "ParsVQA-Caps",
        "PlotQA",
        "SciBench",
        "ScienceQA",
        "Super-CLEVR",
        "TQA",
        "TabMWP",
        "TextVQA",
        "TheoremQA",
        "UniGeo",
        "VQA-AS",
        "VQA-RAD",
        "VQA2.0",
        "VizWiz",
    ),
    "category": ("general-vqa", "math-targeted-vqa"),
    "task": (
        "figure question answering",
        "geometry problem solving",
        "math word problem",
        "textbook question answering",
        "visual question answering",
    ),
    "context": (
        "abstract scene",
        "bar chart",
        "document image",
        "function plot",
        "geometry diagram",
        "line plot",
        "map chart",
        "medical image",
        "natural image",
        "pie chart",
        "puzzle test",
        "scatter plot",
        "scientific figure",
        "synthetic scene",
        "table",
        "violin plot",
    ),
    "grade": ("college", "daily life", "elementary school", "high school"),
    "skills": (
        "algebraic reasoning",
        "arithmetic reasoning",
        "geometry reasoning",
        "logical reasoning",
        "numeric commonsense",
        "scientific reasoning",
        "statistical reasoning",
    ),
}


@dataclass(frozen=True)
class GroupMeans:
    """The share of right extractions, over all and over the problems of each group."""

    @property
    def width(self) -> int:
        """Return two counts for all, and two for every group."""
        return 2 + 2 * sum(map(len, GROUPS.values()))

    def counts(self, verdict: Verdict, extracted: JsonValue) -> list[float]:
        """Return counted and right, for all and for every group."""
        known, read = cast(dict[str, Any], verdict.gold), cast(dict[str, Any], extracted)
        right = float(read.get("right", read["prediction"] == known["answer"]))
        inside = [value in known["groups"][key] for key, values in GROUPS.items() for value in values]
        return [1.0, right, *(count for member in inside for count in (float(member), member * right))]

    def metrics(self, sums: NDArray[np.float64], parts: list[str]) -> dict[str, Any]:
        """Return `accuracy` and `accuracy/KEY/GROUP` by run."""
        counts = sums.sum(axis=-3)
        names = ["accuracy", *(f"accuracy/{key}/{value}" for key, values in GROUPS.items() for value in values)]
        return {name: ratio(counts[..., 2 * number + 1], counts[..., 2 * number]) for number, name in enumerate(names)}
