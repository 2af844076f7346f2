"""RefCOCO: the box of what a short expression refers to; people in testA, other things in testB.

Files of QwenLM/Qwen-VL aa00ed0 (`refcoco_SPLIT.jsonl`), which InternVL uses too: a folder of all splits, or one file.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.boxes import BOX_PROTOCOLS, BOX_SCORER, REFERRING, BoxGold
from pipeline_lib.benchmarks.families.data import COCO_TRAIN2014, Data, Dataset
from pipeline_lib.benchmarks.families.published import INTERNVL_README, NO_ROWS, Published
from pipeline_lib.benchmarks.families.question_rows import PartedRows
from pipeline_lib.benchmarks.families.short_answers import ShortQuestions

PRIMARY = "accuracy"
SHOWN = ("accuracy", "overlap")
ROWS_SEEN = NO_ROWS
PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "accuracy/val", "val", (84.7, 74.4, 90.2)),
    Published(INTERNVL_README, "internvl12", "accuracy/testA", "testA", (89.9, 80.3, 93.4)),
    Published(INTERNVL_README, "internvl12", "accuracy/testB", "testB", (78.6, 66.5, 85.5)),
)
QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/refcoco/"
DATA = Data(
    datasets={
        "refcoco_rows": Dataset(
            source={
                "kind": "file",
                "url": QWEN + "refcoco_val.jsonl",
                "name": "rows/refcoco_val.jsonl",
                "also": [
                    {"url": QWEN + "refcoco_testA.jsonl", "name": "rows/refcoco_testA.jsonl"},
                    {"url": QWEN + "refcoco_testB.jsonl", "name": "rows/refcoco_testB.jsonl"},
                ],
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "refcoco", "only": "rows/*"},
        ),
        "coco_train2014": COCO_TRAIN2014,
    },
    dataset="refcoco_rows",
    files={"questions": "rows"},
    images=("coco_train2014",),
)

ROWS = PartedRows((REFERRING,), ("val", "testA", "testB"), "refcoco_{part}")
PROTOCOLS = BOX_PROTOCOLS
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = BoxGold(ROWS)
SCORER = BOX_SCORER
cluster = by_image
