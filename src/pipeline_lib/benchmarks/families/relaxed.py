"""Answers about charts: how projects ask for them, and their scores, in which a number may be 5 per cent off."""

from pipeline_lib.benchmarks.families.comparers import relaxed, relaxed_to_answer
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.short_answers import INTERNVL12_LONG, VLMEVALKIT, AnswerScorer, ShortWording

PROTOCOLS = {
    "internvl12": INTERNVL12_LONG,
    "lmms_eval": ShortWording(16, request="\nAnswer the question with a single word."),
    "vlmevalkit": VLMEVALKIT,
}
SCORER = AnswerScorer(
    (Accuracy(by_part=True),),
    readers={"internvl12": relaxed_to_answer, "lmms_eval": relaxed, "vlmevalkit": relaxed},
)
