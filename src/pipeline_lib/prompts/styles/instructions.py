"""Templates that wrap every question: `[INST] ... [/INST] answer </s>`.

Source: haotian-liu/LLaVA c121f04, `llava/conversation.py`, separator style LLAMA_2.
"""

from dataclasses import dataclass

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.prompts.base import Original, Segment, Turn, alternating, answered, spoken, text_of
from pipeline_lib.prompts.styles.counting import by_rounds


@dataclass(frozen=True)
class Instructions:
    """A template: the system text, which may be empty, and the text that begins every round but the first."""

    system: str
    begin: str
    end: str = "</s>"

    def conversation(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of alternating turns; an empty turn has none.

        An empty first turn raises PipelineError.
        """
        rounds = alternating(turns)
        if not rounds or not rounds[0]["value"]:
            raise PipelineError("the first turn is empty", value=turns[:3])
        system = f"<<SYS>>\n{self.system}\n<</SYS>>\n\n" if self.system else ""
        segments: list[Segment] = []
        for number, turn in enumerate(rounds):
            if not turn["value"]:
                continue
            if turn["from"] == "human":
                begin = f"{self.begin}[INST] " if number else f"[INST] {system}"
                segments += [Segment(begin), spoken(turn["value"], False), Segment(" [/INST]")]
            else:
                segments += [Segment(" ", True), spoken(turn["value"], True), Segment(f" {self.end}", True)]
        return segments

    def prompt(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of a conversation that ends where the next answer begins."""
        return self.conversation(answered(turns))

    def original(self, turns: list[Turn]) -> Original:
        """Return the conversation as the original trains it."""
        text = text_of(self.conversation(turns))
        return Original(text, lambda counts: by_rounds(text, self.end, "[/INST] ", counts, shifted=False))
