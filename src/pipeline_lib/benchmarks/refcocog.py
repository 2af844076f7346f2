"""RefCOCOg: the box of what a long expression refers to.

Files of QwenLM/Qwen-VL aa00ed0 (`refcocog_SPLIT.jsonl`), which InternVL uses too: a folder of all splits, or one file.
"""

from pipeline_lib.benchmarks.families.boxes import PRIMARY, PROTOCOLS, REFERRING, SCORER, SHOWN, BoxGold
from pipeline_lib.benchmarks.families.data import COCO_TRAIN2014, FileList, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.published import INTERNVL_README, Published
from pipeline_lib.benchmarks.families.question_rows import PartedRows
from pipeline_lib.benchmarks.families.short_answers import ShortQuestions

PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "accuracy/val", "val", (81.0, 69.2, 88.5)),
    Published(INTERNVL_README, "internvl12", "accuracy/test", "test", (81.4, 70.0, 88.8)),
)
QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/refcocog/"
FILES = ("refcocog_val.jsonl", "refcocog_test.jsonl")
DATA = Sources(FileList("refcocog_rows", QWEN, FILES, "rows", smoke=StandIn("rows/*")), COCO_TRAIN2014)
ROWS = PartedRows((REFERRING,), ("val", "test"), "refcocog_{part}")
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = BoxGold(ROWS)
