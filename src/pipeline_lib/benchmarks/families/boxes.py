"""Bounding boxes: how two projects ask for one, which box an answer has, and how much it overlaps the gold box."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Callable, Mapping, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Files, Grade, Question
from pipeline_lib.benchmarks.families.counting import Accuracy, Counted
from pipeline_lib.benchmarks.families.question_rows import AskedRow, Form
from pipeline_lib.benchmarks.families.short_answers import ShortWording
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, parse_row

Box = tuple[float, float, float, float]  # left, top, right, bottom
Overlap = tuple[float, Box | None]  # of the gold box and the box in an answer, and the latter in shares of the image
BoxReader = Callable[[str, Box, tuple[int, int]], Overlap]

NO_BOX: Box = (0.0, 0.0, 0.0, 0.0)
# InternVL's, without its backtracking: what does not follow the first bracket of a line follows no later one.
ANY_FOUR = re.compile(r"^[^\[\n]*+\[++([^,\n]*+),([^,\n]*+),([^,\n]*+),([^\]\n]*+)\]", re.MULTILINE)
NUMBER = r"\s*(-?\d+(?:\.\d+)?)"
FOUR_NUMBERS = re.compile(r"\[" + NUMBER + "," + NUMBER + "," + NUMBER + "," + NUMBER + r"\s*\]")
PER_MILLE_FROM = 4  # a sum of four coordinates from which on they are thousandths
PER_MILLE = 1000
LARGEST = 10**6  # pixels on a side of an image
MARGIN = 2  # pixels by which annotations may exceed their image

REGION = "Please provide the bounding box coordinate of the region this sentence describes: "
FORMAT = (
    "Bounding box coordinates are specified in the format (top-left x, top-left y, bottom-right x, bottom-right y). "
    "All values are floating point numbers bounded between 0 and 1. "
)
REFERRING = Form(None, "sent", "image", only_name=True)  # a row of Qwen-VL and InternVL


def internvl_box(answer: str, gold: Box, size: tuple[int, int]) -> Overlap:
    """Return the overlap by InternVL's rules, in float32 as it computes.

    The first four texts in brackets are the box, in shares of the image or, if their sum is at least 4, in thousandths.
    Source: OpenGVLab/InternVL 7725e00 `internvl_chat/eval/refcoco/evaluate_grounding.py`.
    """
    match = ANY_FOUR.search(answer)
    try:
        box = np.array([float(text) for text in match.groups()] if match else NO_BOX, dtype=np.float32)
        parsed = match is not None
    except ValueError:
        box, parsed = np.array(NO_BOX, dtype=np.float32), False
    with np.errstate(all="ignore"):
        shares = box / np.float32(PER_MILLE) if box.sum() >= PER_MILLE_FROM else box
        pixels = shares * np.array([*size, *size], dtype=np.float32)
        overlap = float(_overlap(pixels, np.array(gold, dtype=np.float32)))
    return overlap, _as_box(shares) if parsed else None


def lmms_eval_box(answer: str, gold: Box, size: tuple[int, int]) -> Overlap:
    """Return the overlap by lmms-eval's rules: the first four plain numbers in brackets are shares of the image.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/refcoco/utils_rec.py`.
    """
    match = FOUR_NUMBERS.search(answer)
    box = np.array([float(text) for text in match.groups()] if match else NO_BOX)
    with np.errstate(all="ignore"):
        overlap = float(_overlap(box, np.array(gold) / np.array([*size, *size])))
    return overlap, _as_box(box) if match else None


def _overlap(first: NDArray[Any], second: NDArray[Any]) -> Any:
    """Return intersection over union; 0 where it is undefined."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    common = np.prod(np.maximum(sides, 0))
    union = np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]) - common
    value = common / union
    return value if 0 <= value <= 1 else first.dtype.type(0)


def _as_box(values: NDArray[Any]) -> Box | None:
    """Return a box of finite numbers, else None."""
    return cast(Box, tuple(float(value) for value in values)) if np.isfinite(values).all() else None


class BoxRow(FileRow):
    """The gold box of a row in pixels, and the size of its image."""

    bbox: Annotated[list[float | int], Field(min_length=4, max_length=4)]
    width: Annotated[int, Field(gt=0, le=LARGEST)]
    height: Annotated[int, Field(gt=0, le=LARGEST)]


@dataclass(frozen=True)
class BoxGold:
    """The `gold` of a benchmark whose rows have their `bbox`, `width` and `height`."""

    rows: Callable[[Path], list[AskedRow]]

    def __call__(self, files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
        """Return the gold box of every question with the size of its image.

        A box that is empty or does not lie in its image raises PipelineError.
        """
        return {row.id: self._gold(row) for row in self.rows(files.gold or files.questions)}

    def _gold(self, row: AskedRow) -> JsonValue:
        content = parse_row(BoxRow, row.content, "a row needs `bbox`, `width` and `height`", row.where)
        left, top, right, bottom = content.bbox
        if not (left < right and top < bottom):
            cure = "a box is left, top, right and bottom in pixels: correct the row"
            raise PipelineError("an empty gold box", where=row.where, value=content.bbox, cure=cure)
        if left < -MARGIN or top < -MARGIN or right > content.width + MARGIN or bottom > content.height + MARGIN:
            value = f"{content.bbox} in {content.width} x {content.height} pixels"
            cure = "use the row's own image and its size"
            raise PipelineError("the gold box does not lie in its image", where=row.where, value=value, cure=cure)
        return {"box": [*content.bbox], "size": [content.width, content.height]}


@dataclass(frozen=True, kw_only=True)
class BoxScorer(Counted):
    """Grades answers by the overlap of their box, as the protocol's reader finds it; without one they are unparsed."""

    readers: Mapping[str, BoxReader]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""
        right = cast(dict[str, Any], gold)
        overlap, box = self.readers[protocol](answer, tuple(right["box"]), tuple(right["size"]))
        if box is None:
            return Grade(overlap, None, "none", "unparsed")
        return Grade(overlap, list(box), "box")


PRIMARY = "accuracy"
SHOWN = (PRIMARY, "overlap")
PROTOCOLS = {
    "internvl12": ShortWording(100, before=REGION + "<ref>", request="</ref>"),
    "lmms_eval": ShortWording(1024, before=FORMAT + REGION, request=""),
}
SCORER = BoxScorer(
    (
        Accuracy("accuracy", by_part=True, at_least=0.5),
        Accuracy("accuracy_0.1", by_part=True, at_least=0.1),
        Accuracy("accuracy_0.3", by_part=True, at_least=0.3),
        Accuracy("accuracy_0.7", by_part=True, at_least=0.7),
        Accuracy("accuracy_0.9", by_part=True, at_least=0.9),
        Accuracy("overlap"),
    ),
    readers={"internvl12": internvl_box, "lmms_eval": lmms_eval_box},
)
