"""ChartQA: questions about charts, written by people (human) and made from captions (augmented), with one gold answer.

Files of vis-nlp/ChartQA 3dab8e8 (`test_human.json`, `test_augmented.json`) and InternVL (`test_human.jsonl`, …).
"""

from pipeline_lib.benchmarks.families.data import DIGIT_SCENES, DigitAnswers, Drive, FileList, Sources
from pipeline_lib.benchmarks.families.plain import PRIMARY, cluster
from pipeline_lib.benchmarks.families.published import REAL_ROWS as ROWS_SEEN
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, Form, PartedRows
from pipeline_lib.benchmarks.families.relaxed import PROTOCOLS, SCORER
from pipeline_lib.benchmarks.families.short_answers import RowGold, ShortQuestions

SHOWN = ("accuracy", "accuracy/human", "accuracy/augmented")
SITE = "https://raw.githubusercontent.com/vis-nlp/ChartQA/3dab8e83b6ac559b847b7c6e2f24d1faa95a4507/ChartQA%20Dataset/"
FILES = ("test_human.json", "test_augmented.json")
IMAGES = "1Lm_w6zeET1Hyl_9ks6w5nEsgpoyPHalV"  # on Google Drive
DATA = Sources(
    questions=FileList("chartqa_questions", SITE + "test/", FILES, folder="test", smoke=DigitAnswers("charts")),
    images=Drive("chartqa_images", IMAGES, below="ChartQA Dataset/test/png", smoke=DIGIT_SCENES),
)
FORMS = (Form(None, "query", "imgname", answers="label"), INTERNVL)
ROWS = PartedRows(FORMS, ("human", "augmented"), "test_{part}")
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = RowGold(ROWS)
