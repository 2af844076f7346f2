"""ChartQA: questions about charts, written by people (human) and made from captions (augmented), with one gold answer.

Files of vis-nlp/ChartQA 3dab8e8 (`test_human.json`, `test_augmented.json`) and InternVL (`test_human.jsonl`, …).
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.comparers import relaxed, relaxed_to_answer
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import DIGIT_SCENES, Data, Dataset
from pipeline_lib.benchmarks.families.published import REAL_ROWS
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, Form, PartedRows
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12_LONG,
    VLMEVALKIT,
    AnswerScorer,
    RowGold,
    ShortQuestions,
    ShortWording,
)

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/human", "accuracy/augmented")
ROWS_SEEN = REAL_ROWS
REPOSITORY = (
    "https://raw.githubusercontent.com/vis-nlp/ChartQA/3dab8e83b6ac559b847b7c6e2f24d1faa95a4507/ChartQA%20Dataset/test/"
)
DATA = Data(
    datasets={
        "chartqa_questions": Dataset(
            source={
                "kind": "file",
                "url": REPOSITORY + "test_human.json",
                "name": "test/test_human.json",
                "also": [{"url": REPOSITORY + "test_augmented.json", "name": "test/test_augmented.json"}],
            },
            licence=None,
            smoke={
                "kind": "digits_answers",
                "part": "test",
                "scenes": 8,
                "files": {"test/test_human.json": "charts", "test/test_augmented.json": "charts"},
            },
        ),
        "chartqa_images": Dataset(
            source={
                "kind": "google_drive",
                "id": "1Lm_w6zeET1Hyl_9ks6w5nEsgpoyPHalV",
                "sha256": None,
                "below": "ChartQA Dataset/test/png",
            },
            licence=None,
            smoke=DIGIT_SCENES,
            convert="keep",
        ),
    },
    dataset="chartqa_questions",
    files={"questions": "test"},
    images=("chartqa_images",),
)

FORMS = (Form(None, "query", "imgname", answers="label"), INTERNVL)
ROWS = PartedRows(FORMS, ("human", "augmented"), "test_{part}")
PROTOCOLS = {
    "internvl12": INTERNVL12_LONG,
    "lmms_eval": ShortWording(16, request="\nAnswer the question with a single word."),
    "vlmevalkit": VLMEVALKIT,
}
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = RowGold(ROWS)
SCORER = AnswerScorer(
    (Accuracy(by_part=True),),
    readers={"internvl12": relaxed_to_answer, "lmms_eval": relaxed, "vlmevalkit": relaxed},
)
cluster = by_image
