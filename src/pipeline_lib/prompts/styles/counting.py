"""Labels as the original computes them: it tokenises every round separately and adds up the counts.

Source: haotian-liu/LLaVA c121f04, `llava/train/train.py`, `preprocess_v1` and `preprocess_llama_2`. The sums are wrong
if a round does not contain its mark exactly once, or contains the end mark or `<unk>`; the original then masks all.
"""

from pipeline_lib.prompts.base import Counts, Masked


def by_rounds(text: str, end: str, mark: str, counts: Counts, shifted: bool) -> Masked:
    """Return the mask of a text whose rounds end with `end`, and whose answers follow `mark`.

    `shifted`: later rounds count one token less if the tokenizer adds no space before them.
    """
    masked, at = [slice(0, 1)], 1
    for number, spoken in enumerate(text.split(end)):
        parts = spoken.split(mark)
        if not spoken or len(parts) != 2:
            break
        less = 1 if shifted and number and not counts.legacy else 0
        asked = counts.all(parts[0] + mark) - 2 - less  # without the first token, and the space that the answer begins
        masked.append(slice(at, at + asked))
        at += counts.all(spoken) - less
    return Masked([*masked, slice(at, None)], counted=at)
