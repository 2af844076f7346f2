"""Contained words: an answer is right if a gold answer is in it as a whole word or words, both in VQA's form.

Source: OpenGVLab/Multi-Modality-Arena bd2999a `tiny_lvlm_evaluation/utils/tools.py`, OpenGVLab/InternVL 2410d1d
`internvl_chat/eval/tiny_lvlm/tools.py`.
"""

import re

from pipeline_lib.benchmarks.families.answers import Comparison, Golds
from pipeline_lib.benchmarks.families.short_text import vqa_text


def contained(answer: str, golds: Golds) -> Comparison:
    """Return 1 if a gold answer is contained; one of which nothing is left is in every answer with a word."""
    compared = vqa_text(answer)
    right = any(re.search(rf"\b{re.escape(vqa_text(gold))}\b", compared) for gold in golds)
    return float(right), compared, "contained" if right else "absent"
