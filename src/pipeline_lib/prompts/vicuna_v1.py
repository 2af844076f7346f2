"""Template `vicuna_v1`, of LLaVA-1.5 (haotian-liu/LLaVA c121f04, `llava/conversation.py`; also named `v1` there).

The answer and its closing `</s>` are trained. The image goes first, followed by a newline.
"""

from pipeline_lib.prompts.styles.rounds import Rounds

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
TEMPLATE = Rounds(SYSTEM, "USER", "ASSISTANT", after=" ", end="</s>")

conversation, prompt, original = TEMPLATE.conversation, TEMPLATE.prompt, TEMPLATE.original
