"""OCR-VQA: questions about covers of books, with one gold answer.

Files of InternVL and Qwen-VL (`ocrvqa_test.jsonl`, `ocrvqa_val.jsonl`), whose rows have their answers.
"""

from pipeline_lib.benchmarks.families.data import File, Manual, Sources, StandIn
from pipeline_lib.benchmarks.families.equal import PROTOCOLS, SCORER
from pipeline_lib.benchmarks.families.plain import PRIMARY, SHOWN, cluster
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, Rows
from pipeline_lib.benchmarks.families.short_answers import RowGold, ShortQuestions

QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/ocrvqa/ocrvqa_test.jsonl"
PAGE = "https://ocr-vqa.github.io/kvqa_ProjectFiles/README.txt"
DATA = Sources(
    questions=File("ocrvqa_questions", QWEN, smoke=StandIn("*.jsonl")),
    images=Manual("ocrvqa_images", PAGE, "ocrvqa/images", expect=1, smoke=StandIn("*.jpg")),
)
ROWS = Rows((INTERNVL,))
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = RowGold(ROWS)
