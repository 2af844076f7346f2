"""When two questions are equal: by their words, whatever the case, the punctuation and the requested form of answer."""

import re
import unicodedata
from typing import Iterable

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.prompts.base import IMAGE

WORD = re.compile(r"\w+")
REQUEST = re.compile(r"\s*(please )?answer\b", re.IGNORECASE)  # as LLaVA's data end questions: "Answer the question …"


def asked_by(question: Question) -> set[str]:
    """Return the forms of a benchmark's question: it equals a text that has one of them."""
    return forms([question.prompt, question.stem])


def forms(texts: Iterable[str]) -> set[str]:
    """Return the words of each text, and of it without a last line that asks for a form of answer; none are empty."""
    return {words for text in texts for form in (text, _without_request(text)) if (words := _words(form))}


def _words(text: str) -> str:
    """Return the words of a text in compatibility form (NFKC) without case, a space between them."""
    return " ".join(WORD.findall(unicodedata.normalize("NFKC", text.replace(IMAGE, " ")).casefold()))


def _without_request(text: str) -> str:
    """Return a text without its last line if that asks for a form of answer."""
    before, _, last = text.strip().rpartition("\n")
    return before if REQUEST.match(last) else text
