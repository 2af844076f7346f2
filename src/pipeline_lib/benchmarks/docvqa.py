"""DocVQA: questions about scanned documents, with several gold answers each (val); answers to test go to a server.

Files of DocVQA itself (`val_v1.0.json`, `test_v1.0.json`) and InternVL (`val.jsonl`); scorer of the Robust Reading
Competition.
"""

from pipeline_lib.benchmarks.families.anls import PRIMARY, PROTOCOLS, SCORER, SHOWN
from pipeline_lib.benchmarks.families.data import Archive, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, Form, Rows
from pipeline_lib.benchmarks.families.short_answers import RowGold, ShortQuestions
from pipeline_lib.benchmarks.families.uploads import JsonUpload, number_of

SUBMISSION = "json"
VAL = "https://datasets.cvc.uab.es/rrc/DocVQA/val.tar.gz"
DATA = Sources(
    questions=Archive("docvqa", VAL, below="val", file="val_v1.0.json", smoke=StandIn("*.json")),
    images=Archive("docvqa_images", VAL, below="val/documents", smoke=StandIn("*.png")),
)
ROWS = Rows((Form("questionId", "question", "image", answers="answers", only_name=True), INTERNVL))
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = RowGold(ROWS)
submission = JsonUpload("questionId", number_of)
