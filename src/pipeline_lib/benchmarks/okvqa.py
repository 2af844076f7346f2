"""OK-VQA: questions about COCO images that need knowledge beyond the image, with ten gold answers each.

Files in the form of GT-Vision-Lab/VQA a013f00, and its scorer (`official`); InternVL's JSON Lines are read too.
"""

from pipeline_lib.benchmarks.families.data import COCO_VAL2014, Archive, DigitAnswers, Sources
from pipeline_lib.benchmarks.families.plain import PRIMARY, SHOWN, cluster
from pipeline_lib.benchmarks.families.protocols import UNANSWERABLE_BELOW
from pipeline_lib.benchmarks.families.published import INTERNVL_README, INTERNVLS, Published
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, LLAVA, VQA, Rows
from pipeline_lib.benchmarks.families.short_answers import INTERNVL12, OFFICIAL, ShortQuestions, ShortWording
from pipeline_lib.benchmarks.families.vqa import SCORER
from pipeline_lib.benchmarks.families.vqa_gold import VqaGold

PUBLISHED = (Published(INTERNVL_README, "internvl12", "accuracy", "val", (64.1, 62.5, 67.6), trained_on=INTERNVLS),)
SITE = "https://okvqa.allenai.org/static/data/"
QUESTIONS, ANSWERS = "OpenEnded_mscoco_val2014_questions.json.zip", "mscoco_val2014_annotations.json.zip"
DATA = Sources(
    questions=Archive("okvqa_questions", SITE + QUESTIONS, smoke=DigitAnswers("questions")),
    gold=Archive("okvqa_answers", SITE + ANSWERS, smoke=DigitAnswers("annotations")),
    images=COCO_VAL2014,
)
PROTOCOLS = {"internvl12": INTERNVL12, "lmms_eval": ShortWording(1024, UNANSWERABLE_BELOW), "official": OFFICIAL}
questions = ShortQuestions(Rows((LLAVA, INTERNVL, VQA)), PROTOCOLS)
gold = VqaGold()
