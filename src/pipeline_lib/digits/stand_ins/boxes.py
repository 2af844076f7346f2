"""Stand-ins with boxes: RefCOCO, RefCOCO+ and RefCOCOg; a digit's box is its cell."""

from functools import partial
from typing import Callable, Mapping

from pipeline_lib.digits.render import CANVAS
from pipeline_lib.digits.scene import CELLS, NAMES
from pipeline_lib.digits.stand_ins.scenes import Files, Picture, Row, Scenes

HALF = CANVAS // 2  # pixels: a side of a cell


def boxes(scenes: Scenes, name: str, splits: tuple[str, ...], sentence: str) -> Files:
    """Return Qwen-VL's rows, an expression about every scene: the scenes in turn for the splits."""
    files: dict[str, list[Row]] = {f"rows/{name}_{split}.jsonl": [] for split in splits}
    for number in scenes.numbers:
        scene = scenes[number]
        which = number % len(scene.digits)
        digit, cell = scene.digits[which], scene.cells[which]
        left, top = float(cell % 2 * HALF), float(cell // 2 * HALF)
        row = {
            "image": f"data/coco/train2014/{image_of(number)}",
            "sent": sentence.format(digit=NAMES[digit], cell=CELLS[cell]),
            "bbox": [left, top, left + HALF, top + HALF],
            "width": CANVAS,
            "height": CANVAS,
        }
        files[f"rows/{name}_{splits[number % len(splits)]}.jsonl"].append(row)
    return {**{name: rows for name, rows in files.items() if rows}, **coco_train2014(scenes)}


def coco_train2014(scenes: Scenes) -> Files:
    """Return the images, which the three benchmarks share."""
    return {image_of(number): Picture(number) for number in scenes.numbers}


def image_of(number: int) -> str:
    """Return the name of a scene's image, as in COCO."""
    return f"COCO_train2014_{number + 1:012d}.jpg"


BOXES: Mapping[str, Callable[[Scenes], Files]] = {
    "refcoco": partial(boxes, name="refcoco", splits=("val", "testA", "testB"), sentence="{cell} {digit}"),
    "refcoco_plus": partial(boxes, name="refcoco+", splits=("val", "testA", "testB"), sentence="the {digit}"),
    "refcocog": partial(
        boxes,
        name="refcocog",
        splits=("val", "test"),
        sentence="the digit {digit} that is at the {cell} of the picture",
    ),
    "coco_train2014": coco_train2014,
}
