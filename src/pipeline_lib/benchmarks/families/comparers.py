"""Compare an answer with a question's gold answers, of which the best counts, by the rules of several evaluations.

A comparer returns the grade, the answer as it was compared, and the rule that decided. `vqa` has those of VQA accuracy,
where all gold answers count.
"""

import re
import string
from collections import defaultdict
from typing import Callable

from pipeline_lib.benchmarks.families.short_text import vqa_text

Golds = tuple[str, ...]
Comparison = tuple[float, str, str]  # the grade, the answer as compared, the rule that decided
Comparer = Callable[[str, Golds], Comparison]

LEAST = 0.5  # ANLS below it is 0
TOLERANCE = 0.05  # of relaxed accuracy
PUNCTUATION = str.maketrans("", "", string.punctuation)


def as_it_is(answer: str, golds: Golds) -> Comparison:
    """Return 1 if the texts are equal as they are, as GQA's own scorer does.

    Source: GQA's `eval.py` as in afra-baas/LLaVA 57e09fe `playground/data/eval/gqa/data/eval.py`.
    """
    return _equal(answer, golds)


def gqa_text(answer: str) -> str:
    """Return an answer in lower case, without full stops at its end, as LLaVA and InternVL convert it for GQA.

    Source: haotian-liu/LLaVA c121f04 `scripts/convert_gqa_for_eval.py`, OpenGVLab/InternVL 2410d1d
    `internvl_chat/eval/vqa/convert_gqa_for_eval.py`.
    """
    return answer.rstrip(".").lower()


def gqa_converted(answer: str, golds: Golds) -> Comparison:
    """Return 1 if the answer by `gqa_text` is a gold answer."""
    return _equal(gqa_text(answer), golds)


def in_either_case(answer: str, golds: Golds) -> Comparison:
    """Return 1 if the texts are equal in lower case and without white space around them.

    Source: OpenGVLab/InternVL 7725e00 `internvl_chat/eval/vqa/evaluate_vqa.py`, open-compass/VLMEvalKit e8e78f0
    `vlmeval/dataset/utils/vqa_eval.py`.
    """
    return _equal(answer.strip().lower(), golds, lambda gold: gold.strip().lower())


def without_punctuation(answer: str, golds: Golds) -> Comparison:
    """Return 1 if the texts are equal in lower case and without punctuation, the answer first stripped of white space.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/api/metrics.py`, `lmms_eval/api/task.py`.
    """
    return _equal(_plain(answer.strip()), golds, _plain)


def contained(answer: str, golds: Golds) -> Comparison:
    """Return 1 if a gold answer is in the answer as a whole word or words, both in VQA's form.

    A gold answer of which nothing is left is in every answer with a word. Source: OpenGVLab/Multi-Modality-Arena
    bd2999a `tiny_lvlm_evaluation/utils/tools.py`, OpenGVLab/InternVL 2410d1d `internvl_chat/eval/tiny_lvlm/tools.py`.
    """
    compared = vqa_text(answer)
    right = any(re.search(rf"\b{re.escape(vqa_text(gold))}\b", compared) for gold in golds)
    return float(right), compared, "contained" if right else "absent"


def relaxed(answer: str, golds: Golds) -> Comparison:
    """Return 1 if both are numbers that differ by at most 5 per cent of the gold answer, or equal in either case.

    White space around the answer does not count. Source: EvolvingLMMs-Lab/lmms-eval 75571cf
    `lmms_eval/tasks/chartqa/utils.py`, open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/vqa_eval.py`.
    """
    stripped = answer.strip()
    return _closest([_is_close(stripped, gold) for gold in golds], stripped)


def relaxed_to_answer(answer: str, golds: Golds) -> Comparison:
    """Return 1 as `relaxed` does, but by 5 per cent of the answer, in whose place the source passes the gold answer.

    Source: OpenGVLab/InternVL 7725e00 `internvl_chat/eval/vqa/evaluate_vqa.py`, from Qwen-VL.
    """
    stripped = answer.strip()
    return _closest([_is_close(gold, stripped) for gold in golds], stripped)


def anls(answer: str, golds: Golds) -> Comparison:
    """Return 1 - edits / length for the gold answer most like the answer, 0 if that is below LEAST.

    Edits are between texts in lower case with single spaces, and the length is that of the longer text as it was.
    Source: QwenLM/Qwen-VL aa00ed0 `eval_mm/infographicsvqa_eval.py`, the script of the Robust Reading Competition.
    """
    compared = _spaced(answer)
    value = 1 - min(_distance(compared, answer, gold) for gold in golds)
    return (value, compared, "similar") if value >= LEAST else (0.0, compared, "different")


def anls_stripped(answer: str, golds: Golds) -> Comparison:
    """Return ANLS as lmms-eval does, which takes white space around an answer away first.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/api/metrics.py`, `lmms_eval/api/task.py`.
    """
    return anls(answer.strip(), golds)


def edits(first: str, second: str) -> int:
    """Return the least number of characters to insert, delete or replace to make one text the other.

    Myers's algorithm: the differences within a column of the table are bits of whole numbers, so that its time grows
    with the longer text alone.
    """
    short, long = sorted((first, second), key=len)
    positions: dict[str, int] = defaultdict(int)
    for number, character in enumerate(short):
        positions[character] |= 1 << number
    every, last = (1 << len(short)) - 1, 1 << len(short) >> 1
    more, less, distance = every, 0, len(short)  # where the next row of the column is one more, and one less
    for character in long:
        equal = positions.get(character, 0)
        matched = equal | less
        across = (((equal & more) + more) ^ more) | equal
        rises, falls = less | (every & ~(across | more)), more & across
        distance += bool(rises & last) - bool(falls & last)
        rises, falls = (rises << 1 | 1) & every, falls << 1 & every
        more, less = falls | (every & ~(matched | rises)), rises & matched
    return distance if short else len(long)


def number_in(text: str) -> float | None:
    """Return the number that a text is, a hundredth of it before a per cent sign, or None."""
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def _equal(compared: str, golds: Golds, form_of: Callable[[str], str] = str) -> Comparison:
    right = any(compared == form_of(gold) for gold in golds)
    return float(right), compared, "equal" if right else "different"


def _plain(text: str) -> str:
    return text.lower().translate(PUNCTUATION)


def _closest(comparisons: list[tuple[bool, str]], compared: str) -> Comparison:
    right, rule = max(comparisons)
    return float(right), compared, rule


def _is_close(value: str, measure: str) -> tuple[bool, str]:
    """Return whether two texts are equal, or numbers with a difference of at most 5 per cent of `measure`."""
    number, whole = number_in(value), number_in(measure)
    if number is not None and whole:
        return abs(number - whole) / abs(whole) <= TOLERANCE, "number"
    return value.lower() == measure.lower(), "text"


def _distance(compared: str, answer: str, gold: str) -> float:
    length = max(len(gold.upper()), len(answer.upper()))
    return edits(_spaced(gold), compared) / length if length else 0.0


def _spaced(text: str) -> str:
    return " ".join(text.lower().split())
