"""Tiny LVLM-eHub: questions of many data sets in five abilities; the score is the sum of their five accuracies.

Files of OpenGVLab/Multi-Modality-Arena bd2999a (`updated_datasets`: a folder with `ABILITY/dataset.json`), and its
scorer, as InternVL uses it.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.comparers import contained
from pipeline_lib.benchmarks.families.counting import Accuracy, PartSum
from pipeline_lib.benchmarks.families.data import Data, Dataset
from pipeline_lib.benchmarks.families.protocols import SHORT_BEHIND
from pipeline_lib.benchmarks.families.published import INTERNVL_README, NO_ROWS, Published
from pipeline_lib.benchmarks.families.question_rows import Form, PartedRows
from pipeline_lib.benchmarks.families.short_answers import AnswerScorer, RowGold, ShortQuestions, ShortWording

PRIMARY = "sum"
SHOWN = ("sum", "accuracy")
ROWS_SEEN = NO_ROWS
PUBLISHED = (Published(INTERNVL_README, "internvl12", "sum", "all", (343.2, 350.3, 353.9)),)
ABILITIES = (
    "Visual_Reasoning",
    "Visual_Perception",
    "Visual_Knowledge_Acquisition",
    "Visual_Commonsense",
    "Object_Hallucination",
)
ZIP = "https://huggingface.co/OpenGVLab/InternVL/resolve/main/updated_datasets.zip"
DATA = Data(
    datasets={
        "tiny_lvlm": Dataset(
            {"kind": "archive", "url": ZIP, "sha256": None},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "tiny_lvlm", "only": "updated_datasets/*"},
        ),
        "tiny_lvlm_images": Dataset(
            {"kind": "archive", "url": ZIP, "sha256": None, "below": "updated_datasets"},
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "tiny_lvlm", "only": "*.jpg"},
            convert="keep",
        ),
    },
    dataset="tiny_lvlm",
    files={"questions": "updated_datasets"},
    images=("tiny_lvlm_images",),
)

FORM = Form(None, "question", "image_path", answers="gt_answers", image_path="{part}/{image}")
ROWS = PartedRows((FORM,), ABILITIES, "{part}/dataset")
PROTOCOLS = {"internvl12": ShortWording(30, request=SHORT_BEHIND)}
questions = ShortQuestions(ROWS, PROTOCOLS)
gold = RowGold(ROWS, needs_text=True)
SCORER = AnswerScorer((PartSum("sum", ABILITIES), Accuracy(by_part=True)), readers={"internvl12": contained})
cluster = by_image
