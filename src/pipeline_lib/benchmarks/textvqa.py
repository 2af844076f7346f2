"""TextVQA: questions about text in images, with ten gold answers each.

Files of haotian-liu/LLaVA c121f04 (`llava_textvqa_val_v051_ocr.jsonl`, whose prompts quote tokens of OCR) and
InternVL (`textvqa_val.jsonl`), gold `TextVQA_0.5.1_val.json` or annotations in VQA's form.
"""

from pipeline_lib.benchmarks.families.data import DIGIT_SCENES, LLAVA_EVAL, Archive, DigitAnswers, Drive, File, Sources
from pipeline_lib.benchmarks.families.plain import PRIMARY, SHOWN, cluster
from pipeline_lib.benchmarks.families.published import (
    INTERNVL_LEGACY_README,
    INTERNVL_README,
    LLAVA_ZOO,
    REAL_ROWS,
    Published,
)
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, Form, Rows, shared_name
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12,
    LLAVA15,
    VLMEVALKIT,
    ShortQuestions,
    ShortWording,
)
from pipeline_lib.benchmarks.families.vqa import SCORER
from pipeline_lib.benchmarks.families.vqa_gold import Annotation, VqaGold, by_question_id

ROWS_SEEN = REAL_ROWS
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "val, with OCR tokens", (58.2, 61.3, 58.2, 60.2)),
    Published(INTERNVL_README, "internvl12", "accuracy", "val", (65.9, 69.7, 71.3), trained_on=("internvl12_plus",)),
    Published(INTERNVL_LEGACY_README, "internvl12", "accuracy", "not stated", (42.1, 49.1, 61.5)),
)
TEXTVQA = "https://dl.fbaipublicfiles.com/textvqa/"
DATA = Sources(
    questions=Drive(
        "textvqa_questions",
        LLAVA_EVAL,
        below="textvqa",
        file="llava_textvqa_val_v051_ocr.jsonl",
        smoke=DigitAnswers("questions"),
    ),
    gold=File("textvqa_answers", TEXTVQA + "data/TextVQA_0.5.1_val.json", smoke=DigitAnswers("annotations")),
    images=Archive(
        "textvqa_images",
        TEXTVQA + "images/train_val_images.zip",
        below="train_images",
        smoke=DIGIT_SCENES,
        shards=4,
    ),
)


def names(row: Annotation) -> tuple[str, ...]:
    """Return a question's id, and its image with its text, by which LLaVA's file names it."""
    shared = () if row.image_id is None or row.question is None else (shared_name(row.image_id, row.question),)
    return by_question_id(row) + shared


FORMS = (
    Form("question_id", "text", "image", worded=True, shared_id=True),
    INTERNVL,
    Form("question_id", "question", "image_id", image_path="{image}.jpg"),
)
PROTOCOLS = {
    "llava15": LLAVA15,
    "internvl12": INTERNVL12,
    "lmms_eval": ShortWording(1024, capitalized=True),
    "vlmevalkit": VLMEVALKIT,
}
questions = ShortQuestions(Rows(FORMS), PROTOCOLS)
gold = VqaGold(names)
