"""Template `llava_llama_2`: `llama_2` with a system text about images.

Source: haotian-liu/LLaVA c121f04, `llava/conversation.py`.
"""

from pipeline_lib.prompts.base.instructions import Instructions

SYSTEM = (
    "You are a helpful language and vision assistant. "
    "You are able to understand the visual content that the user provides, "
    "and assist the user with a variety of tasks using natural language."
)
TEMPLATE = Instructions(SYSTEM, begin="<s>")

conversation, prompt, original = TEMPLATE.conversation, TEMPLATE.prompt, TEMPLATE.original
