"""DocVQA: questions about scanned documents, with several gold answers each (val); answers to test go to a server.

Files of DocVQA itself (`val_v1.0.json`, `test_v1.0.json`) and InternVL (`val.jsonl`); scorer of the Robust Reading
Competition.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.comparers import anls, anls_stripped
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import Data, Dataset
from pipeline_lib.benchmarks.families.published import NO_ROWS
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, Form, Rows
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12_LONG,
    OFFICIAL,
    VLMEVALKIT,
    AnswerScorer,
    RowGold,
    ShortQuestions,
    ShortWording,
)
from pipeline_lib.benchmarks.families.uploads import JsonUpload, number_of

PRIMARY = "anls"
SHOWN = ("anls",)
ROWS_SEEN = NO_ROWS
SUBMISSION = "json"
VAL = "https://datasets.cvc.uab.es/rrc/DocVQA/val.tar.gz"
DATA = Data(
    datasets={
        "docvqa": Dataset(
            {"kind": "archive", "url": VAL, "sha256": None, "below": "val"},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "docvqa", "only": "*.json"},
        ),
        "docvqa_images": Dataset(
            {"kind": "archive", "url": VAL, "sha256": None, "below": "val/documents"},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "docvqa", "only": "*.png"},
            convert="keep",
        ),
    },
    dataset="docvqa",
    files={"questions": "val_v1.0.json"},
    images=("docvqa_images",),
)

ROWS = Rows((Form("questionId", "question", "image", answers="answers", only_name=True), INTERNVL))
PROTOCOLS = {
    "internvl12": INTERNVL12_LONG,
    "lmms_eval": ShortWording(32),
    "vlmevalkit": VLMEVALKIT,
    "official": OFFICIAL,
}
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = RowGold(ROWS)
SCORER = AnswerScorer(
    (Accuracy("anls"),),
    readers={"internvl12": anls, "lmms_eval": anls_stripped, "vlmevalkit": anls, "official": anls},
)
submission = JsonUpload(
    "questionId", number_of, {"internvl12": str, "lmms_eval": str, "vlmevalkit": str, "official": str}
)
cluster = by_image
