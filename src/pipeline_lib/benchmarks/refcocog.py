"""RefCOCOg: the box of what a long expression refers to.

Files of QwenLM/Qwen-VL aa00ed0 (`refcocog_SPLIT.jsonl`), which InternVL uses too: a folder of all splits, or one file.
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
    Published(INTERNVL_README, "internvl12", "accuracy/val", "val", (81.0, 69.2, 88.5)),
    Published(INTERNVL_README, "internvl12", "accuracy/test", "test", (81.4, 70.0, 88.8)),
)
QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/refcocog/"
DATA = Data(
    datasets={
        "refcocog_rows": Dataset(
            source={
                "kind": "file",
                "url": QWEN + "refcocog_val.jsonl",
                "name": "rows/refcocog_val.jsonl",
                "also": [
                    {"url": QWEN + "refcocog_test.jsonl", "name": "rows/refcocog_test.jsonl"},
                ],
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "refcocog", "only": "rows/*"},
        ),
        "coco_train2014": COCO_TRAIN2014,
    },
    dataset="refcocog_rows",
    files={"questions": "rows"},
    images=("coco_train2014",),
)

ROWS = PartedRows((REFERRING,), ("val", "test"), "refcocog_{part}")
PROTOCOLS = BOX_PROTOCOLS
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = BoxGold(ROWS)
SCORER = BOX_SCORER
cluster = by_image
