"""Template `plain`, of LLaVA-1.5's first stage (haotian-liu/LLaVA c121f04, `llava/train/train.py`, `preprocess_plain`).

The image and its caption only: the human's text is dropped, and the caption with its newline is trained.
A prompt (`llava/conversation.py`) is the question and a newline.
"""

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.prompts.base import IMAGE, Masked, Original, Segment, Turn, spoken, text_of


def conversation(turns: list[Turn]) -> list[Segment]:
    """Return the segments of an image and its caption; anything else raises PipelineError."""
    if len(turns) != 2 or IMAGE not in turns[0]["value"]:
        raise PipelineError("the template `plain` takes an image and one caption", value=turns[:3])
    return [Segment(IMAGE), spoken(turns[1]["value"], True), Segment("\n", True)]


def prompt(turns: list[Turn]) -> list[Segment]:
    """Return the segments of one question; a conversation that has an answer raises PipelineError."""
    if any(turn["value"] for turn in turns[1:]):
        raise PipelineError("the template `plain` asks one question", value=turns[:3])
    texts = [turn["value"] for turn in turns if turn["value"]]
    return [segment for text in texts for segment in (spoken(text, False), Segment("\n"))]


def original(turns: list[Turn]) -> Original:
    """Return the image and its caption as the original trains them."""
    text = text_of(conversation(turns))
    return Original(text, lambda counts: Masked([slice(0, counts.all(IMAGE))]), pictured=True)
