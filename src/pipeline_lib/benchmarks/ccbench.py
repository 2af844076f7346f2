"""CCBench: multiple choice about Chinese culture, in MMBench's form.

Asked by OpenGVLab/InternVL 2410d1d (`internvl_chat/eval/mmbench/evaluate_mmbench.py`, `ccbench_dev_cn`); the table is
open-compass/VLMEvalKit's, which groups its rows like those of MMBench.
"""

from pipeline_lib.benchmarks.families.data import File, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import PRIMARY, SHOWN
from pipeline_lib.benchmarks.families.uploads import PredictionSheet
from pipeline_lib.benchmarks.mmbench import SCORER, TableWording, cluster, gold, letter_prediction, recorded, request
from pipeline_lib.benchmarks.mmbench_cn import questions

SUBMISSION = "xlsx"
TABLE = "https://opencompass.openxlab.space/utils/VLMEval/CCBench.tsv"
DATA = Sources(File("ccbench", TABLE, smoke=StandIn()))  # the images are in the table
PROTOCOLS = {"internvl12": TableWording(100)}
submission = PredictionSheet(letter_prediction, dropped=("category", "image"), column=8)  # as InternVL writes it
