"""GQA: questions about objects, attributes and relations in images of Visual Genome, with one gold answer.

Files of haotian-liu/LLaVA c121f04 (`llava_gqa_testdev_balanced.jsonl`) and InternVL; gold and scorer of GQA itself
(`testdev_balanced_questions.json`, `eval.py`), or InternVL's rows with their answers.
"""

from pipeline_lib.benchmarks.base import by_image
from pipeline_lib.benchmarks.families.comparers import (
    as_it_is,
    gqa_converted,
    gqa_text,
    in_either_case,
    without_punctuation,
)
from pipeline_lib.benchmarks.families.counting import Accuracy, ByType
from pipeline_lib.benchmarks.families.data import DIGIT_SCENES, LLAVA_EVAL, Archive, DigitAnswers, Drive, Sources
from pipeline_lib.benchmarks.families.published import (
    INTERNVL_LEGACY_README,
    INTERNVL_README,
    INTERNVLS,
    LLAVA_ZOO,
    REAL_ROWS,
    Published,
)
from pipeline_lib.benchmarks.families.question_rows import INTERNVL, LLAVA, AskedRow, Form, Rows
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12,
    LLAVA15,
    LMMS_EVAL,
    OFFICIAL,
    VLMEVALKIT,
    AnswerScorer,
    RowGold,
    ShortQuestions,
)
from pipeline_lib.benchmarks.families.uploads import JsonUpload, id_of
from pipeline_lib.core.file_rows import FileRow, Text, parse_row

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/binary", "accuracy/open")
ROWS_SEEN = REAL_ROWS
SUBMISSION = "json"
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "testdev balanced", (62.0, 63.3, 63.0, 63.3)),
    Published(
        INTERNVL_README,
        "internvl12",
        "accuracy",
        "testdev balanced",
        (62.5, 64.0, 66.9),
        trained_on=INTERNVLS,
    ),
    Published(INTERNVL_LEGACY_README, "internvl12", "accuracy", "not stated", (57.7, 59.5, 66.6)),
)
STANFORD = "https://downloads.cs.stanford.edu/nlp/data/gqa/"
DATA = Sources(
    questions=Drive(
        "gqa_questions",
        LLAVA_EVAL,
        below="gqa",
        file="llava_gqa_testdev_balanced.jsonl",
        smoke=DigitAnswers("questions"),
    ),
    gold=Archive(
        "gqa_answers",
        STANFORD + "questions1.2.zip",
        file="testdev_balanced_questions.json",
        smoke=DigitAnswers("rows"),
    ),
    images=Archive("gqa_images", STANFORD + "images.zip", below="images", smoke=DIGIT_SCENES, shards=4),
)

BINARY = "binary"
OPEN = "open"


class Types(FileRow):
    """The types of a question, of which the structure alone counts here."""

    structural: Text


class OwnRow(FileRow):
    """What GQA's own rows say of a question."""

    types: Types


def type_of(row: AskedRow) -> str | None:
    """Return whether a question is open or binary, None for a row of another project's file."""
    if "imageId" not in row.content:
        return None
    types = parse_row(OwnRow, row.content, "GQA's own questions have `types`, with `structural`", row.where).types
    return OPEN if types.structural == "query" else BINARY


OWN = Form("id", "question", "imageId", answers="answer", image_path="{image}.jpg")
PROTOCOLS = {
    "llava15": LLAVA15,
    "internvl12": INTERNVL12,
    "lmms_eval": LMMS_EVAL,
    "vlmevalkit": VLMEVALKIT,
    "official": OFFICIAL,
}
questions = ShortQuestions(Rows((LLAVA, INTERNVL, OWN)), PROTOCOLS)
gold = RowGold(Rows((OWN, INTERNVL)), type_of)
SCORER = AnswerScorer(
    (Accuracy(), ByType((BINARY, OPEN))),
    readers={
        "llava15": gqa_converted,
        "internvl12": gqa_converted,
        "lmms_eval": without_punctuation,
        "vlmevalkit": in_either_case,
        "official": as_it_is,
    },
)
submission = JsonUpload(
    "questionId",
    id_of,
    {"llava15": gqa_text, "internvl12": gqa_text, "lmms_eval": str, "vlmevalkit": str, "official": str},
    answer_key="prediction",
)
cluster = by_image
