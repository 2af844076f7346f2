"""OCR-VQA: questions about covers of books, with one gold answer.

Files of InternVL and Qwen-VL (`ocrvqa_test.jsonl`, `ocrvqa_val.jsonl`), whose rows have their answers.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.comparers import in_either_case
from pipeline_lib.benchmarks.families.data import Data, Dataset
from pipeline_lib.benchmarks.families.published import NO_ROWS
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, Rows
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12_LONG,
    VLMEVALKIT,
    AnswerScorer,
    RowGold,
    ShortQuestions,
)

PRIMARY = "accuracy"
SHOWN = ("accuracy",)
ROWS_SEEN = NO_ROWS
DATA = Data(
    datasets={
        "ocrvqa_questions": Dataset(
            source={
                "kind": "file",
                "url": "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/ocrvqa/ocrvqa_test.jsonl",
                "sha256": None,
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "ocrvqa", "only": "*.jsonl"},
        ),
        "ocrvqa_images": Dataset(
            source={
                "kind": "manual",
                "page": "https://ocr-vqa.github.io/kvqa_ProjectFiles/README.txt",
                "licence": "as that page states",
                "path": "ocrvqa/images",
                "expect": 1,
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "ocrvqa", "only": "*.jpg"},
            convert="keep",
        ),
    },
    dataset="ocrvqa_questions",
    files={"questions": "ocrvqa_test.jsonl"},
    images=("ocrvqa_images",),
)

PROTOCOLS = {"internvl12": INTERNVL12_LONG, "vlmevalkit": VLMEVALKIT}
questions = ShortQuestions(Rows((INTERNVL,)), PROTOCOLS)
gold = RowGold(Rows((INTERNVL,)))
SCORER = AnswerScorer(readers={"internvl12": in_either_case, "vlmevalkit": in_either_case})
cluster = by_image
