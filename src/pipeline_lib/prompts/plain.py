"""Template `plain`, of LLaVA-1.5's first stage (haotian-liu/LLaVA c121f04, `llava/train/train.py`, `preprocess_plain`).

The image and its caption, nothing else: what the human says is dropped, and the caption with its newline is trained.
"""

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.prompts.base import IMAGE, Segment


def conversation(turns: list[dict[str, str]]) -> list[Segment]:
    """Return the segments of an image and its caption; anything else raises PipelineError."""
    if len(turns) != 2 or IMAGE not in turns[0]["value"]:
        raise PipelineError("the template `plain` takes an image and one caption", value=turns[:3])
    return [Segment(IMAGE), Segment(f"{turns[1]['value']}\n", trained=True)]


def question(text: str, image: bool) -> list[Segment]:
    """Return the segments of a prompt: the image, then the text."""
    return [*([Segment(IMAGE)] if image else []), *([Segment(text)] if text else [])]
