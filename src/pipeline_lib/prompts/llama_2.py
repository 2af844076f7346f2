"""Template `llama_2`, of Llama 2's chat models (haotian-liu/LLaVA c121f04, `llava/conversation.py`).

The answer, a space and `</s>` are trained; every round but the first begins with `<s>` as text.
"""

from pipeline_lib.prompts.styles.instructions import Instructions

SYSTEM = (
    "You are a helpful, respectful and honest assistant. Always answer as helpfully as possible, while being safe.  "
    "Your answers should not include any harmful, unethical, racist, sexist, toxic, dangerous, or illegal content. "
    "Please ensure that your responses are socially unbiased and positive in nature.\n\n"
    "If a question does not make any sense, or is not factually coherent, explain why instead of answering something "
    "not correct. If you don't know the answer to a question, please don't share false information."
)
TEMPLATE = Instructions(SYSTEM, begin="<s>")

conversation, prompt, original = TEMPLATE.conversation, TEMPLATE.prompt, TEMPLATE.original
