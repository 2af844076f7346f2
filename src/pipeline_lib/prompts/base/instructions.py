"""Templates that wrap every question: `[INST] ... [/INST] answer </s>`.

Source: haotian-liu/LLaVA c121f04, `llava/conversation.py`, separator style LLAMA_2.
"""

from dataclasses import dataclass

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.prompts.base import Original, Segment, Turn, alternating, answered, text_of
from pipeline_lib.prompts.base.counting import by_rounds


@dataclass(frozen=True)
class Instructions:
    """A template: the system's text or none, and what begins every round but the first."""

    system: str
    begin: str
    end: str = "</s>"

    def conversation(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of alternating turns; of a turn that says nothing there is nothing.

        A first turn that says nothing raises PipelineError.
        """
        spoken = alternating(turns)
        if not spoken or not spoken[0]["value"]:
            raise PipelineError("the first turn says nothing", value=turns[:3])
        said = f"<<SYS>>\n{self.system}\n<</SYS>>\n\n" if self.system else ""
        segments: list[Segment] = []
        for number, turn in enumerate(spoken):
            if not turn["value"]:
                continue
            if turn["from"] == "human":
                asked = f"{said}{turn['value']}" if number == 0 else turn["value"]
                segments.append(Segment(f"{self.begin if number else ''}[INST] {asked} [/INST]"))
            else:
                segments.append(Segment(f" {turn['value']} {self.end}", trained=True))
        return segments

    def prompt(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of a conversation that ends where the next answer begins."""
        return self.conversation(answered(turns))

    def original(self, turns: list[Turn]) -> Original:
        """Return the conversation as the original trains it."""
        text = text_of(self.conversation(turns))
        return Original(text, lambda counts: by_rounds(text, self.end, "[/INST] ", counts, shifted=False))
