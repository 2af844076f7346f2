"""Find the part of an answer that follows a cue such as "is", as MMMU and CMMMU do."""

from typing import Iterable, Sequence

TRIVIAL = frozenset(":,.!?;'")


def parts_after(sentences: Iterable[str], cues: Sequence[str]) -> list[str]:
    """Return what follows a cue in each sentence that has one, except for a single mark of punctuation."""
    parts = (_after(sentence, cues) for sentence in sentences)
    return [part for part in parts if part and part not in TRIVIAL]


def _after(sentence: str, cues: Sequence[str]) -> str:
    """Return the shortest text after the last occurrence of a cue; an empty one gives way to the next."""
    shortest = ""
    for cue in cues:
        if cue in sentence:
            rest = sentence.split(cue)[-1].strip()
            shortest = rest if not shortest or len(rest) < len(shortest) else shortest
    return shortest
