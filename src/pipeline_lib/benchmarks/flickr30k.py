"""Flickr30k: a sentence about each of the 1,000 images of the Karpathy test split, with five references.

File of OpenGVLab/InternVL 2410d1d (`flickr30k_test_karpathy.json`); the images are sent on request.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.captions import (
    CAPTION,
    CAPTION_READERS,
    CaptionQuestions,
    CaptionScorer,
    caption_gold,
    caption_submission,
)
from pipeline_lib.benchmarks.families.data import Data, Dataset
from pipeline_lib.benchmarks.families.published import INTERNVL_LEGACY_README, INTERNVL_README, NO_ROWS, Published

PRIMARY = "cider"
SHOWN = ("cider", "cider_plain", "bleu_4", "rouge_l")
ROWS_SEEN = NO_ROWS
PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "cider", "Karpathy test", (85.3, 92.4, 90.5)),
    Published(INTERNVL_LEGACY_README, "internvl12", "cider", "not stated", (89.7, 89.9, 92.2)),
)
SUBMISSION = "json"
RELEASE = "https://github.com/OpenGVLab/InternVL/releases/download/data/"
DATA = Data(
    datasets={
        "flickr30k_captions": Dataset(
            {"kind": "file", "url": RELEASE + "flickr30k_test_karpathy.json", "sha256": None},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "flickr30k", "only": "*.json"},
        ),
        "flickr30k_images": Dataset(
            {"kind": "folder", "path": "site:flickr30k"},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "flickr30k", "only": "*.jpg"},
            convert="keep",
        ),
    },
    dataset="flickr30k_captions",
    files={"questions": "flickr30k_test_karpathy.json"},
    images=("flickr30k_images",),
)

PROTOCOLS = CAPTION
questions = CaptionQuestions(PROTOCOLS)
gold = caption_gold
submission = caption_submission
SCORER = CaptionScorer(CAPTION_READERS)
cluster = by_image
