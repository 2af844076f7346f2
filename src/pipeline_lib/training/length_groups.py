"""Row orders grouped by modality and length, as LLaVA-1.5 trains: every step has images in all rows or in none.

Source: haotian-liu/LLaVA c121f04, `llava/train/llava_trainer.py`; a test compares with orders recorded from that code.
OpenGVLab/InternVL 1fbcd6a, `internvl_chat/internvl/patch/train_sampler_patch.py`, has its rule without the modality.
"""

import torch

from pipeline_lib.conversations.table import Conversation


def modality_lengths(rows: list[Conversation]) -> list[int]:
    """Return the count of words of every row, negative for a row without an image."""
    words = [sum(len(turn["value"].split()) for turn in row.conversations) for row in rows]
    return [count if row.image is not None else -count for count, row in zip(words, rows, strict=True)]


def text_lengths(rows: list[Conversation]) -> list[int]:
    """Return the bytes of every row's texts in UTF-8, which grow with its tokens in Latin and Chinese script alike."""
    return [sum(len(turn["value"].encode()) for turn in row.conversations) for row in rows]


LENGTHS = {"modality": modality_lengths, "length": text_lengths}  # of an order, the lengths by which it groups rows


def modality_order(
    lengths: list[int],
    rows: int,
    processes: int,
    generator: torch.Generator,
    of_steps: torch.Generator | None = None,
) -> list[int]:
    """Return an order in which every step, `processes` times `rows` rows, has one modality and similar lengths.

    Rows that do not fill a step of their modality come last, together. The order of steps is drawn from `of_steps`, if
    there is one, and everything else from `generator`. A length of 0 raises ValueError.
    """
    if not all(lengths):
        raise ValueError("a row has no words")
    with_image = [index for index, length in enumerate(lengths) if length > 0]
    without = [index for index, length in enumerate(lengths) if length < 0]
    sizes = [abs(length) for length in lengths]
    if not with_image or not without:
        return length_order(sizes, rows, processes, generator)
    steps: list[list[int]] = []
    rest: list[int] = []
    for indices in (with_image, without):
        order = length_order([sizes[index] for index in indices], rows, processes, generator)
        cut = _cut([indices[number] for number in order], rows * processes)
        steps += cut[:-1]
        rest += cut[-1]
    shuffled = [steps[number] for number in torch.randperm(len(steps), generator=of_steps or generator).tolist()]
    return [index for step in [*shuffled, sorted(rest)] for index in step]


def length_order(lengths: list[int], rows: int, processes: int, generator: torch.Generator) -> list[int]:
    """Return a random order, sorted by length within every step, with each step's rows dealt evenly to processes."""
    order = torch.randperm(len(lengths), generator=generator).tolist()
    steps = [sorted(step, key=lambda index: -lengths[index]) for step in _cut(order, rows * processes)]
    return [index for step in steps for share in _deal(step, lengths, processes) for index in share]


def _deal(step: list[int], lengths: list[int], processes: int) -> list[list[int]]:
    """Return the rows of a step in `processes` shares of equal count and similar total length."""
    if len(step) % processes:
        return [step[number::processes] for number in range(processes)]
    most = len(step) // processes
    shares: list[list[int]] = [[] for _ in range(processes)]
    totals = [0.0] * processes
    for index in step:
        lightest = totals.index(min(totals))
        shares[lightest].append(index)
        totals[lightest] += lengths[index]
        if len(shares[lightest]) == most:
            totals[lightest] = float("inf")
    return shares


def _cut(indices: list[int], size: int) -> list[list[int]]:
    return [indices[start : start + size] for start in range(0, len(indices), size)]
