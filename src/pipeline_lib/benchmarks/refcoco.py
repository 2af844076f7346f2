"""RefCOCO: the box of what a short expression refers to; people in testA, other things in testB.

Files of QwenLM/Qwen-VL aa00ed0 (`refcoco_SPLIT.jsonl`), which InternVL uses too: a folder of all splits, or one file.
"""

from pipeline_lib.benchmarks.families.boxes import PRIMARY, PROTOCOLS, REFERRING, SCORER, SHOWN, BoxGold
from pipeline_lib.benchmarks.families.data import COCO_TRAIN2014, FileList, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.published import INTERNVL_README, Published
from pipeline_lib.benchmarks.families.question_rows import PartedRows
from pipeline_lib.benchmarks.families.short_answers import ShortQuestions

PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "accuracy/val", "val", (84.7, 74.4, 90.2)),
    Published(INTERNVL_README, "internvl12", "accuracy/testA", "testA", (89.9, 80.3, 93.4)),
    Published(INTERNVL_README, "internvl12", "accuracy/testB", "testB", (78.6, 66.5, 85.5)),
)
QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/refcoco/"
FILES = ("refcoco_val.jsonl", "refcoco_testA.jsonl", "refcoco_testB.jsonl")
DATA = Sources(FileList("refcoco_rows", QWEN, FILES, "rows", smoke=StandIn("rows/*")), COCO_TRAIN2014)
ROWS = PartedRows((REFERRING,), ("val", "testA", "testB"), "refcoco_{part}")
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = BoxGold(ROWS)
