"""Answers about documents: how projects ask for them, and their scores by similarity to the gold answers (ANLS)."""

from pipeline_lib.benchmarks.families.comparers import anls, anls_stripped
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.short_answers import (
    INTERNVL12_LONG,
    OFFICIAL,
    VLMEVALKIT,
    AnswerScorer,
    ShortWording,
)

PRIMARY = "anls"
SHOWN = (PRIMARY,)
PROTOCOLS = {
    "internvl12": INTERNVL12_LONG,
    "lmms_eval": ShortWording(32),
    "vlmevalkit": VLMEVALKIT,
    "official": OFFICIAL,
}
SCORER = AnswerScorer(
    (Accuracy(PRIMARY),),
    readers={"internvl12": anls, "lmms_eval": anls_stripped, "vlmevalkit": anls, "official": anls},
)
