"""MMBench in Chinese: the questions of `mmbench`, translated, with the request for a letter in Chinese.

The request is that of haotian-liu/LLaVA c121f04 (`llava/eval/model_vqa_mmbench.py`) and of OpenGVLab/InternVL 2410d1d
(`internvl_chat/eval/mmbench/evaluate_mmbench.py`).
"""

from dataclasses import replace

from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.benchmarks.families.data import Data, Dataset
from pipeline_lib.benchmarks.families.protocols import LETTER
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, NO_ROWS, Published
from pipeline_lib.benchmarks.mmbench import PROTOCOLS as ENGLISH
from pipeline_lib.benchmarks.mmbench import SCORER as TABLE_SCORER
from pipeline_lib.benchmarks.mmbench import cluster as by_copies
from pipeline_lib.benchmarks.mmbench import gold as table_gold
from pipeline_lib.benchmarks.mmbench import questions as in_english
from pipeline_lib.benchmarks.mmbench import recorded as no_recordings
from pipeline_lib.benchmarks.mmbench import request as matching_request
from pipeline_lib.benchmarks.mmbench import submission as sheet

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/unrotated")
SUBMISSION = "xlsx"
ROWS_SEEN = NO_ROWS
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "dev", (58.3, 63.6, 58.9, 61.5)),
    Published(INTERNVL_README, "internvl12", "accuracy", "dev", (71.9, 79.5, 81.6)),
    Published(INTERNVL_README, "internvl12", "accuracy", "test", (70.3, 81.2, 82.0), server=True),
)

TABLE = "mmbench_dev_cn_20231003.tsv"
DATA = Data(  # the images are in the table
    datasets={
        "mmbench_cn": Dataset(
            source={
                "kind": "file",
                "url": "https://download.openmmlab.com/mmclassification/datasets/mmbench/" + TABLE,
                "sha256": None,
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "mmbench_cn", "scenes": 2},
            convert="keep",
        ),
    },
    dataset="mmbench_cn",
    files={"questions": TABLE},
    images=("mmbench_cn",),
)

CHINESE_LETTER = "请直接回答选项字母。"
PROTOCOLS = ENGLISH
SCORER = TABLE_SCORER
request = matching_request
recorded = no_recordings
cluster = by_copies
gold = table_gold
submission = sheet


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of the table as `mmbench` does, with the request in Chinese."""
    return [_in_chinese(question) for question in in_english(files, protocol)]


def _in_chinese(question: Question) -> Question:
    return replace(question, prompt=question.prompt.removesuffix(LETTER) + CHINESE_LETTER)
