"""VQAv2: questions about COCO images, with ten gold answers each (val); answers to test-dev go to a server.

Files and scorer of GT-Vision-Lab/VQA a013f00; LLaVA's and InternVL's JSON Lines are read too. `llava15` scores what
LLaVA submits: VQA's scorer after M4C's normaliser.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.counting import Accuracy, ByType
from pipeline_lib.benchmarks.families.data import COCO_VAL2014, Archive, DigitAnswers, Sources
from pipeline_lib.benchmarks.families.published import (
    INTERNVL_LEGACY_README,
    INTERNVL_README,
    LLAVA_ZOO,
    NO_ROWS,
    Published,
)
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, LLAVA, VQA, Rows
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12,
    LLAVA15,
    LMMS_EVAL,
    OFFICIAL,
    AnswerScorer,
    ShortQuestions,
)
from pipeline_lib.benchmarks.families.short_text import lmms_text, m4c_text
from pipeline_lib.benchmarks.families.uploads import JsonUpload, number_of
from pipeline_lib.benchmarks.families.vqa import lmms_vqav2, official_conditional, official_converted, qwen
from pipeline_lib.benchmarks.families.vqa_gold import VqaGold

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/number")
ROWS_SEEN = NO_ROWS
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "test-dev", (78.5, 80.0, 79.1, 80.0), server=True),
    Published(
        INTERNVL_README,
        "internvl12",
        "accuracy",
        "test-dev",
        (80.9, None, None),
        trained_on=("internvl11",),
        server=True,
    ),
    Published(INTERNVL_LEGACY_README, "internvl12", "accuracy", "not stated", (72.3, 71.7, 81.2), server=True),
)
SUBMISSION = "json"
BUCKET = "https://s3.amazonaws.com/cvmlp/vqa/mscoco/vqa/"
DATA = Sources(
    questions=Archive(
        "vqav2_questions",
        BUCKET + "v2_Questions_Val_mscoco.zip",
        file="v2_OpenEnded_mscoco_val2014_questions.json",
        smoke=DigitAnswers("questions"),
    ),
    gold=Archive(
        "vqav2_answers",
        BUCKET + "v2_Annotations_Val_mscoco.zip",
        file="v2_mscoco_val2014_annotations.json",
        smoke=DigitAnswers("annotations"),
    ),
    images=COCO_VAL2014,
)

TYPES = ("yes/no", "number", "other")
PROTOCOLS = {
    "llava15": LLAVA15,
    "internvl12": INTERNVL12,
    "lmms_eval": LMMS_EVAL,
    "official": OFFICIAL,
}
questions = ShortQuestions(Rows((LLAVA, INTERNVL, VQA)), PROTOCOLS)
gold = VqaGold(types=TYPES)
SCORER = AnswerScorer(
    (Accuracy(), ByType(TYPES)),
    readers={
        "llava15": official_converted,
        "internvl12": qwen,
        "lmms_eval": lmms_vqav2,
        "official": official_conditional,
    },
)
submission = JsonUpload(
    "question_id",
    number_of,
    {"llava15": m4c_text, "internvl12": str, "lmms_eval": lmms_text, "official": str},
)
cluster = by_image
