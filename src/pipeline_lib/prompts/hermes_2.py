"""Template `Hermes-2`, of InternVL-Chat-V1.2 (OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/conversation.py`).

The answer and its closing `<|im_end|>` are trained. Nothing stands between that and the next turn.
"""

from pipeline_lib.prompts.base import Original, Segment, Turn, alternating, answered, spoken, without_original

SYSTEM = "你是由上海人工智能实验室联合商汤科技开发的书生多模态大模型，英文名叫InternVL, 是一个有用无害的人工智能助手。"
BEGIN, END = "<|im_start|>", "<|im_end|>"
ROLES = {"human": "user", "gpt": "assistant"}


def conversation(turns: list[Turn]) -> list[Segment]:
    """Return the segments of alternating turns; an empty turn has only its speaker's name."""
    segments = [Segment(f"{BEGIN}system\n{SYSTEM}{END}")]
    for turn in alternating(turns):
        trained = turn["from"] == "gpt"
        segments.append(Segment(f"{BEGIN}{ROLES[turn['from']]}\n"))
        if turn["value"]:
            segments += [spoken(turn["value"], trained), Segment(END, trained)]
    return segments


def prompt(turns: list[Turn]) -> list[Segment]:
    """Return the segments of a conversation that ends where the next answer begins."""
    return conversation(answered(turns))


def original(turns: list[Turn]) -> Original:
    """Return the conversation with masks that raise PipelineError: LLaVA's original code has no such template."""
    return without_original("hermes_2", conversation(turns))
