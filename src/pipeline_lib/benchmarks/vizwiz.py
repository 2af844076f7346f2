"""VizWiz: questions of blind people about their photographs, with ten gold answers each (val); test goes to a server.

Files of haotian-liu/LLaVA c121f04 (`llava_test.jsonl`), of InternVL, and of VizWiz itself (`val.json`).
"""

from pipeline_lib.benchmarks.families.data import DIGIT_SCENES, Archive, DigitAnswers, File, Sources
from pipeline_lib.benchmarks.families.plain import PRIMARY, SHOWN, cluster
from pipeline_lib.benchmarks.families.protocols import UNANSWERABLE_BEHIND, UNANSWERABLE_BELOW
from pipeline_lib.benchmarks.families.published import (
    INTERNVL_LEGACY_README,
    INTERNVL_README,
    LLAVA_ZOO,
    REAL_ROWS,
    Published,
)
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, LLAVA, Form, Rows
from pipeline_lib.benchmarks.families.short_answers import ShortQuestions, ShortWording
from pipeline_lib.benchmarks.families.short_text import m4c_text
from pipeline_lib.benchmarks.families.uploads import JsonUpload, image_of
from pipeline_lib.benchmarks.families.vqa import SCORER
from pipeline_lib.benchmarks.families.vqa_gold import Annotation, VqaGold, by_question_id

ROWS_SEEN = REAL_ROWS
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "test", (50.0, 53.6, 47.8, 58.9), server=True),
    Published(INTERNVL_README, "internvl12", "accuracy", "val", (59.0, 61.9, 61.3)),
    Published(INTERNVL_README, "internvl12", "accuracy", "test", (57.3, 60.0, None), server=True),
    Published(INTERNVL_LEGACY_README, "internvl12", "accuracy", "not stated", (44.5, 54.0, 58.5)),
)
SUBMISSION = "json"
QWEN = "https://ofasys-wlcb.oss-cn-wulanchabu.aliyuncs.com/Qwen-VL/evaluation/vizwiz/"
IMAGES = "https://vizwiz.cs.colorado.edu/VizWiz_final/images/val.zip"
DATA = Sources(
    questions=File("vizwiz_questions", QWEN + "vizwiz_val.jsonl", smoke=DigitAnswers("questions")),
    gold=File("vizwiz_answers", QWEN + "vizwiz_val_annotations.json", smoke=DigitAnswers("annotations")),
    images=Archive("vizwiz_images", IMAGES, below="val", smoke=DIGIT_SCENES, shards=4),
)


def names(row: Annotation) -> tuple[str, ...]:
    """Return a question's id, and its image, which has no other question."""
    return by_question_id(row) + (() if row.image is None else (row.image,))


PROTOCOLS = {
    "llava15": ShortWording(128, request=UNANSWERABLE_BELOW, as_written=True),
    "internvl12": ShortWording(10, request=UNANSWERABLE_BEHIND),
    "lmms_eval": ShortWording(1024, request=UNANSWERABLE_BELOW, capitalized=True),
}
questions = ShortQuestions(Rows((LLAVA, INTERNVL, Form("image", "question", "image"))), PROTOCOLS)
gold = VqaGold(names)
submission = JsonUpload("image", image_of, {"llava15": m4c_text, "internvl12": str, "lmms_eval": m4c_text})
