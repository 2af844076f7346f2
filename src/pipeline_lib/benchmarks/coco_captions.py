"""COCO captions: a sentence about each of the 5,000 images of the Karpathy test split, with five references.

Files of OpenGVLab/InternVL 2410d1d (`coco_karpathy_test.json`, `coco_karpathy_test_gt.json`);
EvolvingLMMs-Lab/lmms-eval 75571cf asks in other words (`lmms_eval/tasks/coco_cap`).
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.captions import (
    CAPTION_READERS,
    CaptionQuestions,
    CaptionScorer,
    CaptionWording,
    caption_gold,
    caption_submission,
)
from pipeline_lib.benchmarks.families.data import COCO_VAL2014, Data, Dataset
from pipeline_lib.benchmarks.families.published import INTERNVL_LEGACY_README, INTERNVL_README, NO_ROWS, Published

PRIMARY = "cider"
SHOWN = ("cider", "cider_plain", "bleu_4", "rouge_l")
ROWS_SEEN = NO_ROWS
PUBLISHED = (
    Published(
        INTERNVL_README,
        "internvl12",
        "cider",
        "Karpathy test",
        (142.2, 113.9, 143.4),
        trained_on=("internvl11", "internvl12_plus"),
    ),
    Published(INTERNVL_LEGACY_README, "internvl12", "cider", "not stated", (141.4, 142.4, 146.2)),
)
SUBMISSION = "json"
RELEASE = "https://github.com/OpenGVLab/InternVL/releases/download/data/"
DATA = Data(
    datasets={
        "coco_karpathy": Dataset(
            source={
                "kind": "file",
                "url": RELEASE + "coco_karpathy_test.json",
                "sha256": None,
                "also": [{"url": RELEASE + "coco_karpathy_test_gt.json", "sha256": None}],
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "coco_captions", "only": "*.json"},
        ),
        "coco_val2014": COCO_VAL2014,
    },
    dataset="coco_karpathy",
    files={"questions": "coco_karpathy_test.json", "gold": "coco_karpathy_test_gt.json"},
    images=("coco_val2014",),
)

PROTOCOLS = {"internvl12": CaptionWording(30), "lmms_eval": CaptionWording(64, "Describe the image briefly.")}
questions = CaptionQuestions(PROTOCOLS)
gold = caption_gold
submission = caption_submission
SCORER = CaptionScorer(CAPTION_READERS)
cluster = by_image
