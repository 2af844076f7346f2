"""Template `mistral_instruct`, of LLaVA-Med 1.5 (haotian-liu/LLaVA c121f04, `llava/conversation.py`).

It has no system text. The answer, a space and `</s>` are trained.
"""

from pipeline_lib.prompts.base.instructions import Instructions

TEMPLATE = Instructions(system="", begin="")

conversation, prompt, original = TEMPLATE.conversation, TEMPLATE.prompt, TEMPLATE.original
