"""Answers equal to the gold one in either case: how projects ask for them, and their scores."""

from pipeline_lib.benchmarks.families.comparers import in_either_case
from pipeline_lib.benchmarks.families.short_answers import INTERNVL12_LONG, VLMEVALKIT, AnswerScorer

PROTOCOLS = {"internvl12": INTERNVL12_LONG, "vlmevalkit": VLMEVALKIT}
SCORER = AnswerScorer(readers={"internvl12": in_either_case, "vlmevalkit": in_either_case})
