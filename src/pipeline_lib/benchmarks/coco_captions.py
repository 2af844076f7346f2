"""COCO captions: a sentence about each of the 5,000 images of the Karpathy test split, with five references.

Files of OpenGVLab/InternVL 2410d1d (`coco_karpathy_test.json`, `coco_karpathy_test_gt.json`);
EvolvingLMMs-Lab/lmms-eval 75571cf asks in other words (`lmms_eval/tasks/coco_cap`).
"""

from pipeline_lib.benchmarks.families.caption_files import CaptionQuestions, CaptionWording, gold, submission
from pipeline_lib.benchmarks.families.captions import PRIMARY, SCORER, SHOWN
from pipeline_lib.benchmarks.families.data import COCO_VAL2014, FileList, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.published import INTERNVL_LEGACY_README, INTERNVL_README, Published

SEEN_BY = ("internvl11", "internvl12_plus")
PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "cider", "Karpathy test", (142.2, 113.9, 143.4), trained_on=SEEN_BY),
    Published(INTERNVL_LEGACY_README, "internvl12", "cider", "not stated", (141.4, 142.4, 146.2)),
)
SUBMISSION = "json"
RELEASE = "https://github.com/OpenGVLab/InternVL/releases/download/data/"
IMAGES, CAPTIONS = "coco_karpathy_test.json", "coco_karpathy_test_gt.json"
DATA = Sources(FileList("coco_karpathy", RELEASE, (IMAGES, CAPTIONS), smoke=StandIn("*.json")), COCO_VAL2014, CAPTIONS)
PROTOCOLS = {"internvl12": CaptionWording(30), "lmms_eval": CaptionWording(64, "Describe the image briefly.")}
questions = CaptionQuestions(PROTOCOLS)
