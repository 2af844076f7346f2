"""RefCOCO+: the box of what an expression without places refers to; people in testA, other things in testB.

Files of QwenLM/Qwen-VL aa00ed0 (`refcoco+_SPLIT.jsonl`), which InternVL uses too: a folder of all splits, or one file.
"""

from pipeline_lib.benchmarks.families.boxes import PRIMARY, PROTOCOLS, REFERRING, SCORER, SHOWN, BoxGold
from pipeline_lib.benchmarks.families.data import COCO_TRAIN2014, FileList, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.published import INTERNVL_README, Published
from pipeline_lib.benchmarks.families.question_rows import PartedRows
from pipeline_lib.benchmarks.families.short_answers import ShortQuestions

PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "accuracy/val", "val", (78.5, 70.7, 85.3)),
    Published(INTERNVL_README, "internvl12", "accuracy/testA", "testA", (85.6, 77.6, 90.4)),
    Published(INTERNVL_README, "internvl12", "accuracy/testB", "testB", (70.1, 62.0, 79.7)),
)
QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/refcoco%2B/"
FILES = ("refcoco+_val.jsonl", "refcoco+_testA.jsonl", "refcoco+_testB.jsonl")
DATA = Sources(FileList("refcoco_plus_rows", QWEN, FILES, "rows", smoke=StandIn("rows/*")), COCO_TRAIN2014)
ROWS = PartedRows((REFERRING,), ("val", "testA", "testB"), "refcoco+_{part}")
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = BoxGold(ROWS)
