"""Template `llava_v0`, of the first LLaVA (haotian-liu/LLaVA c121f04, `llava/conversation.py`).

The original's training text (`llava/train/train.py`, `preprocess`) differs from its prompt: `### Human: ...` and line
breaks. Its labels drift, as every turn's count includes a token that is not there. Here the prompt's text is trained.
"""

from functools import partial

from pipeline_lib.prompts.base import Counts, Masked, Original, Turn
from pipeline_lib.prompts.styles.rounds import Rounds

SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)
TEMPLATE = Rounds(SYSTEM, "Human", "Assistant", after="###", end="###")
SPEAKERS = {"human": "Human", "gpt": "Assistant"}
HEADER = f"{SYSTEM}\n\n"

conversation, prompt = TEMPLATE.conversation, TEMPLATE.prompt


def original(turns: list[Turn]) -> Original:
    """Return the conversation as the original trains it."""
    spoken = [f"### {SPEAKERS.get(turn['from'].lower(), 'unknown')}: {turn['value']}\n" for turn in turns]
    human = [turn["from"] == "human" for turn in turns]
    return Original("".join([HEADER, *spoken, "### "]), partial(_masks, spoken, human))


def _masks(spoken: list[str], human: list[bool], counts: Counts) -> Masked:
    at = counts.visible(HEADER)
    masked = [slice(0, at)]
    for text, asked in zip(spoken, human, strict=True):
        length = counts.visible(text)
        if asked:
            masked.append(slice(at + 2, at + length))
        at += length
    return Masked(masked)
