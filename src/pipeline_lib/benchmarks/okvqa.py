"""OK-VQA: questions about COCO images that need knowledge beyond the image, with ten gold answers each.

Files in the form of GT-Vision-Lab/VQA a013f00, and its scorer (`official`); InternVL's JSON Lines are read too.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import COCO_VAL2014, Data, Dataset
from pipeline_lib.benchmarks.families.protocols import UNANSWERABLE_BELOW
from pipeline_lib.benchmarks.families.published import INTERNVL_README, NO_ROWS, Published
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, LLAVA, VQA, Rows
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12,
    OFFICIAL,
    AnswerScorer,
    ShortQuestions,
    ShortWording,
)
from pipeline_lib.benchmarks.families.vqa import VQA_READERS
from pipeline_lib.benchmarks.families.vqa_gold import VqaGold

PRIMARY = "accuracy"
SHOWN = ("accuracy",)
ROWS_SEEN = NO_ROWS
PUBLISHED = (
    Published(
        INTERNVL_README,
        "internvl12",
        "accuracy",
        "val",
        (64.1, 62.5, 67.6),
        trained_on=("internvl11", "internvl12", "internvl12_plus"),
    ),
)
SITE = "https://okvqa.allenai.org/static/data/"
QUESTIONS = "OpenEnded_mscoco_val2014_questions.json"
ANNOTATIONS = "mscoco_val2014_annotations.json"
DATA = Data(
    datasets={
        "okvqa_questions": Dataset(
            source={"kind": "archive", "url": SITE + QUESTIONS + ".zip", "sha256": None},
            licence=None,
            smoke={"kind": "digits_answers", "part": "test", "scenes": 8, "files": {QUESTIONS: "questions"}},
        ),
        "okvqa_answers": Dataset(
            source={"kind": "archive", "url": SITE + ANNOTATIONS + ".zip", "sha256": None},
            licence=None,
            smoke={"kind": "digits_answers", "part": "test", "scenes": 8, "files": {ANNOTATIONS: "annotations"}},
        ),
        "coco_val2014": COCO_VAL2014,
    },
    dataset="okvqa_questions",
    gold="okvqa_answers",
    files={"questions": QUESTIONS, "gold": ANNOTATIONS},
    images=("coco_val2014",),
)

PROTOCOLS = {
    "internvl12": INTERNVL12,
    "lmms_eval": ShortWording(1024, request=UNANSWERABLE_BELOW),
    "official": OFFICIAL,
}
questions = ShortQuestions(Rows((LLAVA, INTERNVL, VQA)), PROTOCOLS)
gold = VqaGold()
SCORER = AnswerScorer((Accuracy(),), readers=VQA_READERS)
cluster = by_image
