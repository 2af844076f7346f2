"""Tiny LVLM-eHub: questions of many data sets in five abilities; the score is the sum of their five accuracies.

Files of OpenGVLab/Multi-Modality-Arena bd2999a (`updated_datasets`: a folder with `ABILITY/dataset.json`), and its
scorer, as InternVL uses it.
"""

from pipeline_lib.benchmarks.families.abilities import ABILITIES, PRIMARY, PROTOCOLS, SCORER, SHOWN
from pipeline_lib.benchmarks.families.data import Archive, Sources, StandIn
from pipeline_lib.benchmarks.families.plain import cluster
from pipeline_lib.benchmarks.families.published import INTERNVL_README, Published
from pipeline_lib.benchmarks.families.question_rows import Form, PartedRows
from pipeline_lib.benchmarks.families.short_answers import RowGold, ShortQuestions

PUBLISHED = (Published(INTERNVL_README, "internvl12", "sum", "all", (343.2, 350.3, 353.9)),)
ZIP = "https://huggingface.co/OpenGVLab/InternVL/resolve/main/updated_datasets.zip"
DATA = Sources(
    questions=Archive("tiny_lvlm", ZIP, smoke=StandIn("updated_datasets/*")),
    images=Archive("tiny_lvlm_images", ZIP, below="updated_datasets", smoke=StandIn("*.jpg")),
)
FORM = Form(None, "question", "image_path", answers="gt_answers", image_path="{part}/{image}")
ROWS = PartedRows((FORM,), ABILITIES, "{part}/dataset")
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = RowGold(ROWS, needs_text=True)
