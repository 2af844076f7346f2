"""CCBench: multiple choice about Chinese culture, in MMBench's form.

Asked by OpenGVLab/InternVL 2410d1d (`internvl_chat/eval/mmbench/evaluate_mmbench.py`, `ccbench_dev_cn`); the table is
open-compass/VLMEvalKit's, which groups its rows like those of MMBench.
"""

from pipeline_lib.benchmarks.base import Files, Question, Upload
from pipeline_lib.benchmarks.families.data import Data, Dataset
from pipeline_lib.benchmarks.families.published import NO_ROWS
from pipeline_lib.benchmarks.families.uploads import prediction_sheet
from pipeline_lib.benchmarks.mmbench import SCORER as TABLE_SCORER
from pipeline_lib.benchmarks.mmbench import TableWording, letter_prediction
from pipeline_lib.benchmarks.mmbench import cluster as by_copies
from pipeline_lib.benchmarks.mmbench import gold as table_gold
from pipeline_lib.benchmarks.mmbench import recorded as no_recordings
from pipeline_lib.benchmarks.mmbench import request as matching_request
from pipeline_lib.benchmarks.mmbench_cn import questions as in_chinese
from pipeline_lib.core.tsv import read_tsv

PRIMARY = "accuracy"
SHOWN = ("accuracy",)
SUBMISSION = "xlsx"
ROWS_SEEN = NO_ROWS

DATA = Data(  # the images are in the table
    datasets={
        "ccbench": Dataset(
            source={
                "kind": "file",
                "url": "https://opencompass.openxlab.space/utils/VLMEval/CCBench.tsv",
                "sha256": None,
            },
            licence=None,
            smoke={"kind": "digits_stand_in", "form": "ccbench"},
            convert="keep",
        ),
    },
    dataset="ccbench",
    files={"questions": "CCBench.tsv"},
    images=("ccbench",),
)

DROPPED = ("category", "image")
PREDICTION_COLUMN = 8
PROTOCOLS = {"internvl12": TableWording(100)}
SCORER = TABLE_SCORER
request = matching_request
recorded = no_recordings
cluster = by_copies
questions = in_chinese
gold = table_gold


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> Upload:
    """Return the xlsx that InternVL writes: the table without two columns, with the letter as the ninth or the last."""
    predictions = {question.id: letter_prediction(answer or "", question.options) for question, answer in answers}
    return prediction_sheet(read_tsv(files.questions, ("index",)), predictions, DROPPED, PREDICTION_COLUMN)
