"""Templates that name the speaker before every turn: `USER: ... ASSISTANT: ...`.

Source: haotian-liu/LLaVA c121f04, `llava/conversation.py`, separator styles TWO and SINGLE.
"""

from dataclasses import dataclass

from pipeline_lib.prompts.base import Original, Segment, Turn, alternating, answered, spoken, text_of
from pipeline_lib.prompts.styles.counting import by_rounds


@dataclass(frozen=True)
class Rounds:
    """A template: the system text, the speakers' names, the text after it and questions, and after answers."""

    system: str
    human: str
    assistant: str
    after: str
    end: str

    def conversation(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of alternating turns; an empty turn has only its speaker's name."""
        segments = [Segment(f"{self.system}{self.after}")]
        for turn in alternating(turns):
            human = turn["from"] == "human"
            segments.append(Segment(f"{self.human if human else self.assistant}:"))
            if turn["value"]:
                after = self.after if human else self.end
                segments += [Segment(" ", not human), spoken(turn["value"], not human), Segment(after, not human)]
        return segments

    def prompt(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of a conversation that ends where the next answer begins."""
        return self.conversation(answered(turns))

    def original(self, turns: list[Turn]) -> Original:
        """Return the conversation as the original trains it."""
        text = text_of(self.conversation(turns))
        mark = f"{self.after}{self.assistant}: "
        return Original(text, lambda counts: by_rounds(text, self.end, mark, counts, shifted=True))
