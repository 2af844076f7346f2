"""Flickr30k: a sentence about each of the 1,000 images of the Karpathy test split, with five references.

File of OpenGVLab/InternVL 2410d1d (`flickr30k_test_karpathy.json`); the images are sent on request.
"""

from pipeline_lib.benchmarks.families.caption_files import PROTOCOLS, gold, questions, submission
from pipeline_lib.benchmarks.families.captions import PRIMARY, SCORER, SHOWN
from pipeline_lib.benchmarks.families.data import File, Folder, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.published import INTERNVL_LEGACY_README, INTERNVL_README, Published

PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "cider", "Karpathy test", (85.3, 92.4, 90.5)),
    Published(INTERNVL_LEGACY_README, "internvl12", "cider", "not stated", (89.7, 89.9, 92.2)),
)
SUBMISSION = "json"
CAPTIONS = "https://github.com/OpenGVLab/InternVL/releases/download/data/flickr30k_test_karpathy.json"
DATA = Sources(
    questions=File("flickr30k_captions", CAPTIONS, smoke=StandIn("*.json")),
    images=Folder("flickr30k_images", "site:flickr30k", smoke=StandIn("*.jpg")),
)
