"""Template `vicuna_v1`, of LLaVA-1.5 (haotian-liu/LLaVA c121f04, `llava/conversation.py`).

The answer and its closing `</s>` are trained. The image goes first, followed by a newline.
"""

from pipeline_lib.prompts.base import IMAGE, Segment, split_image

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
END = "</s>"


def conversation(turns: list[dict[str, str]]) -> list[Segment]:
    """Return the segments of alternating human and gpt turns."""
    segments: list[Segment] = []
    for number in range(0, len(turns), 2):
        lead = f"{SYSTEM} " if number == 0 else ""
        segments += split_image(f"{lead}USER: {image_first(turns[number]['value'])} ASSISTANT:")
        segments.append(Segment(f" {turns[number + 1]['value']}{END}", trained=True))
    return segments


def question(text: str, image: bool) -> list[Segment]:
    """Return the segments of a prompt for one question."""
    asked = f"{IMAGE}\n{text}" if image else text
    return split_image(f"{SYSTEM} USER: {asked} ASSISTANT:")


def image_first(text: str) -> str:
    """Return a turn with its image placeholder moved to the front, as LLaVA's loader does."""
    if IMAGE not in text:
        return text
    return f"{IMAGE}\n{text.replace(IMAGE, '').strip()}"
