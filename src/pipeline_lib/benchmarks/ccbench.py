"""CCBench: multiple choice about Chinese culture, in MMBench's form.

The table is open-compass/VLMEvalKit's, which groups its rows like those of MMBench; OpenGVLab/InternVL 2410d1d has a
table of its own (`ccbench_dev_cn` in `internvl_chat/eval/mmbench/evaluate_mmbench.py`).
"""

from pipeline_lib.benchmarks.families.data import File, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import PRIMARY, SHOWN
from pipeline_lib.benchmarks.families.table_wordings import CCBENCH
from pipeline_lib.benchmarks.families.uploads import PredictionSheet
from pipeline_lib.benchmarks.mmbench import PREDICTIONS, SCORER, TableQuestions, cluster, gold, recorded, request

SUBMISSION = "xlsx"
TABLE = "https://opencompass.openxlab.space/utils/VLMEval/CCBench.tsv"
DATA = Sources(File("ccbench", TABLE, smoke=StandIn()))  # the images are in the table
PROTOCOLS = CCBENCH
questions = TableQuestions(PROTOCOLS)
submission = PredictionSheet(PREDICTIONS, dropped=("category", "image"), column=8)  # as InternVL writes it
