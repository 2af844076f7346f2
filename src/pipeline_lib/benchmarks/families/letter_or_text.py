"""Grade benchmarks that mix multiple choice, whose questions have options, with free answers."""

from dataclasses import dataclass
from typing import Callable, Mapping

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question
from pipeline_lib.benchmarks.families.counting import Counted
from pipeline_lib.benchmarks.families.letters import NO_LETTER, LetterReader
from pipeline_lib.core.seeding import derive_seed

RANDOM = "random"  # the rule of a drawn letter


@dataclass(frozen=True, kw_only=True)
class LetterOrTextScorer(Counted):
    """Grades letters by the protocol's reader, and free answers by its grader.

    Protocols in `guesses` draw a letter where their reader has the rule `none`, by their seed and the question's id.
    Such an answer is unparsed, whether the draw is right or wrong.
    """

    readers: Mapping[str, LetterReader]
    graders: Mapping[str, Callable[[str, JsonValue], Grade]]
    guesses: Mapping[str, int]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""
        if not question.options:
            return self.graders[protocol](answer, gold)
        letter, rule = self.readers[protocol](answer, question.options)
        if (letter, rule) == NO_LETTER and protocol in self.guesses:
            drawn = derive_seed(self.guesses[protocol], RANDOM, question.id) % len(question.options)
            guess = list(question.options)[drawn]
            return Grade(guess == gold, guess, RANDOM, "unparsed")
        return Grade(letter == gold, letter, rule, "unparsed" if letter is None else "ok")
