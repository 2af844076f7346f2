"""Extract A or B from an answer to a question with two options, by lmms-eval's rules; see `letters` for the form."""

import re

from pipeline_lib.benchmarks.families.letters import NO_LETTER, Extraction, Options

PATTERNS = {
    "letter": r"^\s*\(?([AB])\)?\.?\s*$",
    "start": r"^\s*\(?([AB])\)?[\.\s]",
    "answer": r"answer\s+is\s+\(?([AB])\)?",
    "option": r"option\s+\(?([AB])\)?",
    "word": r"\(?([AB])\)?(?:\s|$)",
}


def lmms_eval_two(answer: str, options: Options) -> Extraction:
    """Return the letter of the first pattern that matches, in either case, else the first character (`first`).

    `letter`: the whole answer; `start`: at its start, also the article "a"; `answer` and `option`: after "answer is" or
    "option"; `word`: before white space or the end, also as the end of a word. Source: EvolvingLMMs-Lab/lmms-eval
    75571cf `lmms_eval/tasks/mmvp/utils.py`.
    """
    text = answer.strip()
    for rule, pattern in PATTERNS.items():
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            return match[1].upper(), rule
    first = text[:1].upper()
    return (first, "first") if first in ("A", "B") else NO_LETTER
