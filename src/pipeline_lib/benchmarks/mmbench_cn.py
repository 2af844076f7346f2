"""MMBench in Chinese: the questions of `mmbench`, translated, with the request for a letter in Chinese.

The request is that of haotian-liu/LLaVA c121f04 (`llava/eval/model_vqa_mmbench.py`) and of OpenGVLab/InternVL 2410d1d
(`internvl_chat/eval/mmbench/evaluate_mmbench.py`).
"""

from pipeline_lib.benchmarks.families.data import File, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import PRIMARY
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, Published
from pipeline_lib.benchmarks.families.translated import Translated
from pipeline_lib.benchmarks.mmbench import PROTOCOLS, SCORER, SHOWN, cluster, gold, recorded, request, submission
from pipeline_lib.benchmarks.mmbench import questions as in_english

PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "dev", (58.3, 63.6, 58.9, 61.5)),
    Published(INTERNVL_README, "internvl12", "accuracy", "dev", (71.9, 79.5, 81.6)),
    Published(INTERNVL_README, "internvl12", "accuracy", "test", (70.3, 81.2, 82.0), server=True),
)
SUBMISSION = "xlsx"
TABLE = "https://download.openmmlab.com/mmclassification/datasets/mmbench/mmbench_dev_cn_20231003.tsv"
DATA = Sources(File("mmbench_cn", TABLE, smoke=StandIn(scenes=2)))  # the images are in the table
questions = Translated(in_english, "请直接回答选项字母。")
