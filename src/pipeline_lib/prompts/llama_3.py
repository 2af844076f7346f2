"""Template of Llama 3.2 Vision: a header before every turn, `<|eot_id|>` behind it, the image right before its text.

What follows an assistant's header is trained: two line feeds, the answer and its end. Source of the labels:
meta-llama/llama-recipes faae2fd, `getting-started/finetuning/datasets/ocrvqa_dataset.py`. Rows without an image have no
system text here; Llama's own template then writes one with the day's date.
"""

from pipeline_lib.prompts.base import IMAGE, Original, Segment, Turn, alternating, answered, spoken, without_original

BEGIN, BODY, END = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
ROLES = {"human": "user", "gpt": "assistant"}


def conversation(turns: list[Turn]) -> list[Segment]:
    """Return the segments of alternating turns; an empty turn has only its header."""
    segments = []
    for turn in alternating(turns):
        trained = turn["from"] == "gpt"
        segments += [Segment(f"{BEGIN}{ROLES[turn['from']]}{BODY}"), Segment("\n\n", trained)]
        if turn["value"]:
            text = turn["value"].replace(f"{IMAGE}\n", IMAGE)
            segments += [spoken(text, trained), Segment(END, trained)]
    return segments


def prompt(turns: list[Turn]) -> list[Segment]:
    """Return the segments of a conversation that ends where the next answer begins."""
    return conversation(answered(turns))


def original(turns: list[Turn]) -> Original:
    """Return the conversation with masks that raise PipelineError: LLaVA's original code has no such template."""
    return without_original("llama_3", conversation(turns))
