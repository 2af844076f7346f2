"""The tokens by which choices are ranked: each choice's first one, where an answer begins.

Source of ranking the letters of a question's options by the logits of a single token, without generating a text:
hendrycks/test 9a2de4f, `evaluate_flan.py`. There it is the first token of a letter by itself; here it is the one that a
training of the template puts behind the prompt, which may include a space.
"""

from typing import Sequence

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.family import Tokens
from pipeline_lib.prompts.base import Template

QUESTION = "?"  # any: what follows it decides


def first_tokens(tokens: Tokens, template: Template, choices: Sequence[str]) -> tuple[int, ...]:
    """Return the id with which an answer begins that is one of the choices, in their order.

    Raises PipelineError where two choices begin with the same token, and where the template's prompt and an answer
    share a token, so that there is no first one.
    """
    turn = {"from": "human", "value": QUESTION}
    prompt = tokens.prompt(template.prompt([turn]), [])
    ids = []
    for choice in choices:
        whole = tokens.prompt(template.conversation([turn, {"from": "gpt", "value": choice}]), [])
        if whole[: len(prompt)] != prompt or len(whole) == len(prompt):
            what, cure = "this model's prompt ends within a token of the answer", "name another protocol"
            raise PipelineError(what, where="protocol first_token", value=choice, cure=cure)
        ids.append(whole[len(prompt)])
    if len(set(ids)) < len(ids):
        what, cure = "two choices begin with the same token of this model", "name another protocol"
        raise PipelineError(what, where="protocol first_token", value=", ".join(choices), cure=cure)
    return tuple(ids)
