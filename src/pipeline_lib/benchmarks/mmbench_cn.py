"""MMBench in Chinese: the questions of `mmbench`, translated, with the words of the projects' Chinese tasks.

`families/table_wordings.py` has their words.
"""

from pipeline_lib.benchmarks.families.data import File, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import PRIMARY
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, Published
from pipeline_lib.benchmarks.families.table_wordings import CHINESE
from pipeline_lib.benchmarks.mmbench import SCORER, SHOWN, TableQuestions, cluster, gold, recorded, request, submission

PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "dev", (58.3, 63.6, 58.9, 61.5)),
    Published(INTERNVL_README, "internvl12", "accuracy", "dev", (71.9, 79.5, 81.6)),
    Published(INTERNVL_README, "internvl12", "accuracy", "test", (70.3, 81.2, 82.0), server=True),
)
SUBMISSION = "xlsx"
TABLE = "https://download.openmmlab.com/mmclassification/datasets/mmbench/mmbench_dev_cn_20231003.tsv"
DATA = Sources(File("mmbench_cn", TABLE, smoke=StandIn(scenes=2)))  # the images are in the table
PROTOCOLS = CHINESE
questions = TableQuestions(PROTOCOLS)
