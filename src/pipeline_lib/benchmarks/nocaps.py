"""NoCaps: a sentence about each of 4,500 images of Open Images (val), with ten references.

File of nocaps.org (`nocaps_val_4500_captions.json`); the images are those of Open Images.
"""

from pipeline_lib.benchmarks.families.caption_files import PROTOCOLS, gold, questions, submission
from pipeline_lib.benchmarks.families.captions import PRIMARY, SCORER, SHOWN
from pipeline_lib.benchmarks.families.data import File, Folder, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.published import INTERNVL_LEGACY_README, INTERNVL_README, Published

PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "cider", "val", (120.8, 112.5, 125.8)),
    Published(INTERNVL_LEGACY_README, "internvl12", "cider", "not stated", (120.5, 123.1, 126.2)),
)
SUBMISSION = "json"
CAPTIONS = "https://nocaps.s3.amazonaws.com/nocaps_val_4500_captions.json"
DATA = Sources(
    questions=File("nocaps_captions", CAPTIONS, smoke=StandIn("*.json")),
    images=Folder("nocaps_images", "site:nocaps/images", smoke=StandIn("*.jpg")),
)
