"""RefCOCO+: the box of what an expression without places refers to; people in testA, other things in testB.

Files of QwenLM/Qwen-VL aa00ed0 (`refcoco+_SPLIT.jsonl`), which InternVL uses too: a folder of all splits, or one file.
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
    Published(INTERNVL_README, "internvl12", "accuracy/val", "val", (78.5, 70.7, 85.3)),
    Published(INTERNVL_README, "internvl12", "accuracy/testA", "testA", (85.6, 77.6, 90.4)),
    Published(INTERNVL_README, "internvl12", "accuracy/testB", "testB", (70.1, 62.0, 79.7)),
)
QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/refcoco%2B/"
DATA = Data(
    datasets={
        "refcoco_plus_rows": Dataset(
            source={
                "kind": "file",
                "url": QWEN + "refcoco%2B_val.jsonl",
                "name": "rows/refcoco+_val.jsonl",
                "also": [
                    {"url": QWEN + "refcoco%2B_testA.jsonl", "name": "rows/refcoco+_testA.jsonl"},
                    {"url": QWEN + "refcoco%2B_testB.jsonl", "name": "rows/refcoco+_testB.jsonl"},
                ],
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "refcoco_plus", "only": "rows/*"},
        ),
        "coco_train2014": COCO_TRAIN2014,
    },
    dataset="refcoco_plus_rows",
    files={"questions": "rows"},
    images=("coco_train2014",),
)

ROWS = PartedRows((REFERRING,), ("val", "testA", "testB"), "refcoco+_{part}")
PROTOCOLS = BOX_PROTOCOLS
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = BoxGold(ROWS)
SCORER = BOX_SCORER
cluster = by_image
