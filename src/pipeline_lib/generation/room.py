"""Whether prompts with their answers fit into the positions of a model."""

from typing import Mapping

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.generation.plan import Prompt


def crowded_by_images(prompt: Prompt, answer: int, per_image: int | None, positions: int) -> bool:
    """Return whether a prompt and `answer` tokens would fit with one image of several, but not with all of them."""
    lacking = len(prompt.ids) + answer - positions
    return 0 < lacking <= (len(prompt.images) - 1) * (per_image or 0)


def expect_room(prompts: Mapping[str, Prompt], answers: Mapping[str, int], positions: int) -> None:
    """Raise PipelineError if the longest prompt and its answer, in tokens by question, may need more positions."""
    needed = {name: len(prompt.ids) + answers[name] for name, prompt in prompts.items()}
    longest = max(needed, key=needed.__getitem__, default=None)
    if longest is not None and needed[longest] > positions:
        length = len(prompts[longest].ids)
        raise PipelineError(
            f"this prompt and its answer need up to {needed[longest]} positions; the model has {positions}",
            where=f"question {longest}",
            value=f"{length} tokens of prompt, max_new_tokens: {answers[longest]}",
            cure=f"write `max_new_tokens: {positions - length}` or less" if length < positions
            else "use a model with more positions",
        )  # fmt: skip
