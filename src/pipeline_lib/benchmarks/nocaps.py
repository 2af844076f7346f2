"""NoCaps: a sentence about each of 4,500 images of Open Images (val), with ten references.

File of nocaps.org (`nocaps_val_4500_captions.json`); the images are those of Open Images.
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
    Published(INTERNVL_README, "internvl12", "cider", "val", (120.8, 112.5, 125.8)),
    Published(INTERNVL_LEGACY_README, "internvl12", "cider", "not stated", (120.5, 123.1, 126.2)),
)
SUBMISSION = "json"
NOCAPS = "https://nocaps.s3.amazonaws.com/nocaps_val_4500_captions.json"
DATA = Data(
    datasets={
        "nocaps_captions": Dataset(
            {"kind": "file", "url": NOCAPS, "sha256": None},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "nocaps", "only": "*.json"},
        ),
        "nocaps_images": Dataset(
            {"kind": "folder", "path": "site:nocaps/images"},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "nocaps", "only": "*.jpg"},
            convert="keep",
        ),
    },
    dataset="nocaps_captions",
    files={"questions": "nocaps_val_4500_captions.json"},
    images=("nocaps_images",),
)

PROTOCOLS = CAPTION
questions = CaptionQuestions(PROTOCOLS)
gold = caption_gold
submission = caption_submission
SCORER = CaptionScorer(CAPTION_READERS)
cluster = by_image
