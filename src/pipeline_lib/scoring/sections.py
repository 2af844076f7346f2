"""Read the answer in a section of a longer text, such as `<CONCLUSION>…</CONCLUSION>`, by a recorded rule."""

from collections import Counter
from dataclasses import replace
from typing import Literal

from pipeline_lib.scoring.answers import Joined

Rule = Literal["closed", "open", "whole"]  # the section has an end; has none; the text has no such section
RULES: tuple[Rule, ...] = ("closed", "open", "whole")


def section_of(text: str, tag: str) -> tuple[str, Rule]:
    """Return what the last section of this tag holds, without white space around it, and the rule that decided.

    A section without an end, as in a cut answer, ends with the text. A text without the section is
    returned whole.
    """
    _, begin, rest = text.rpartition(f"<{tag}>")
    if not begin:
        return text, "whole"
    content, end, _ = rest.partition(f"</{tag}>")
    return content.strip(), "closed" if end else "open"


def in_section(joined: Joined, tag: str | None) -> Joined:
    """Return answers, those of all turns, as what their section of this tag holds; as they are without a tag."""
    if tag is None:
        return joined
    pairs = [(question, None if text is None else section_of(text, tag)[0]) for question, text in joined.pairs]
    turns = {
        name: tuple(each if each.text is None else replace(each, text=section_of(each.text, tag)[0]) for each in all_of)
        for name, all_of in joined.turns.items()
    }
    return replace(joined, pairs=pairs, turns=turns)


def rules_used(joined: Joined, tag: str) -> dict[str, int]:
    """Return how many answers, as they were written, each rule reads."""
    used = Counter(section_of(text, tag)[1] for _, text in joined.pairs if text is not None)
    return {rule: used[rule] for rule in RULES}
