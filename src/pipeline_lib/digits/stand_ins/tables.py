"""Stand-ins in MMBench's form: a table with base64 images in rotated copies, in two languages, with gold or without."""

import base64
from functools import partial
from typing import Callable, Mapping

from pipeline_lib.digits.choices import Choice
from pipeline_lib.digits.scene import NAMES
from pipeline_lib.digits.stand_ins.choices import CHINESE
from pipeline_lib.digits.stand_ins.scenes import Files, Row, Scenes

COPIES = 4
STRIDE = 1_000_000  # between the indexes of two copies
WORDS = {
    **dict(zip(NAMES, CHINESE, strict=True)),
    "Which of these digits is in the image?": "图中有哪个数字?",
    "How many digits are in the image?": "图中有几个数字?",
    "Which digit is at the top left?": "左上是哪个数字?",
    "Which digit is at the top right?": "右上是哪个数字?",
    "Which digit is at the bottom left?": "左下是哪个数字?",
    "Which digit is at the bottom right?": "右下是哪个数字?",
}


def table(scenes: Scenes, name: str, columns: str, chinese: bool = False, copies: int = COPIES) -> Files:
    """Return a table with these columns: the questions as they are, then in each rotation."""
    rows = [
        _row(index + 1 + copy * STRIDE, asked.rotated(copy), scenes, index, chinese)
        for copy in range(copies)
        for index, asked in enumerate(scenes.choices())
    ]
    return {name: [{column: row[column] for column in columns.split()} for row in rows]}


def _row(index: int, asked: Choice, scenes: Scenes, number: int, chinese: bool) -> Row:
    """Return all columns of a row; it has no hint and no comment."""
    texts = (asked.question, *asked.options)
    question, *options = (WORDS[text] for text in texts) if chinese else texts
    return {
        "index": index,
        "question": question,
        "hint": "",
        **dict(zip("ABCD", options, strict=True)),
        "answer": asked.letter,
        "category": asked.kind,
        "image": base64.b64encode(scenes.bytes_of(number, "picture.jpg")).decode(),
        "source": "digits",
        "l2-category": "digits",
        "comment": "",
        "split": "dev",
    }


WITH_GOLD = "index question hint A B C D answer category image source l2-category comment split"
WITHOUT_GOLD = "index question hint A B C D category image source l2-category comment split"
TABLES: Mapping[str, Callable[[Scenes], Files]] = {
    "mmbench_cn": partial(table, name="mmbench_dev_cn_20231003.tsv", columns=WITH_GOLD, chinese=True),
    "mmbench_test": partial(table, name="mmbench_test_en_20231003.tsv", columns=WITHOUT_GOLD),
    "mmbench_test_cn": partial(table, name="mmbench_test_cn_20231003.tsv", columns=WITHOUT_GOLD, chinese=True),
    "ccbench": partial(
        table, name="CCBench.tsv", columns="index question A B C D answer category image", chinese=True, copies=1
    ),
}
