"""Template `llava_v1`: `vicuna_v1` whose system text says human, not user.

Source: haotian-liu/LLaVA c121f04, `llava/conversation.py`.
"""

from pipeline_lib.prompts.base.rounds import Rounds

SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)
TEMPLATE = Rounds(SYSTEM, "USER", "ASSISTANT", after=" ", end="</s>")

conversation, prompt, original = TEMPLATE.conversation, TEMPLATE.prompt, TEMPLATE.original
