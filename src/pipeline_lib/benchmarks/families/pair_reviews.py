"""Reviews of two answers by a language model: the pair of grades in the first line, as several projects read it."""

import re
from dataclasses import dataclass
from typing import Callable

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.benchmarks.families.judge_scorer import Reading
from pipeline_lib.benchmarks.families.judging import JudgeReply

Pair = tuple[float, float]  # the grade of the reference and that of the answer

FAILED = (-1.0, -1.0)  # the pair of a review without two numbers: the official code averages it in
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
BEST = 10  # of a grade
LARGEST = 10**6  # beyond it, a sum may be infinite


def two_words(review: str) -> Pair | None:
    """Return the numbers that are the first line of a review, separated by one space or comma, as LLaVA reads them."""
    words = review.split("\n")[0].replace(",", " ").split(" ")
    try:
        return (float(words[0]), float(words[1])) if len(words) == 2 else None
    except ValueError:
        return None


def two_words_stripped(review: str) -> Pair | None:
    """Return the same of a review without outer white space, as VLMEvalKit's client of a judge returns it."""
    return two_words(review.strip())


def first_numbers(review: str) -> Pair | None:
    """Return the first two plain numbers in the first line of a review without outer white space, as lmms-eval does."""
    numbers = NUMBER.findall(review.strip().split("\n")[0])
    return (float(numbers[0]), float(numbers[1])) if len(numbers) > 1 else None


@dataclass(frozen=True)
class ReviewReader:
    """Reads reviews by the pair of numbers that `pair_in` reads in one.

    An `exact` one marks what it reads: its project does not round the means before their ratio.
    """

    pair_in: Callable[[str], Pair | None]
    exact: bool = False

    def __call__(self, question: Question, gold: JsonValue, reply: JudgeReply) -> Reading | None:
        """Return the two numbers, GPT-4's and the model's; a review without them is the pair of -1.

        Numbers that are no grades count, as in the original, but as unparsed; NaN and those beyond a million judge
        nothing.
        """
        if not reply.texts:
            return None
        pair = self.pair_in(reply.texts[-1])
        if pair is None:
            return Reading(0.0, self._read(FAILED), "no pair of numbers", fallback=True)
        if not all(abs(number) <= LARGEST for number in pair):
            return None
        within = all(0 <= number <= BEST for number in pair)
        value = min(max(pair[1] / BEST, 0.0), 1.0)
        return Reading(value, self._read(pair), "pair" if within else "beyond 10", fallback=not within)

    def _read(self, pair: Pair) -> JsonValue:
        return {"pair": [*pair], "means": "exact"} if self.exact else [*pair]
