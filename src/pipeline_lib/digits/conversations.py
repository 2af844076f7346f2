"""Instruction data about scenes in LLaVA's JSON: captions, single-turn questions, and scenes described in words."""

from typing import Any

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.choices import choice, lookup
from pipeline_lib.digits.questions import Turn, caption_prompt, presence_turn, short_turn
from pipeline_lib.digits.render import image_name
from pipeline_lib.digits.scene import caption, draw_scene, scene_words

Row = dict[str, Any]

# Shares of kinds of questions; the rest are short-answer questions. With fewer presence questions in texts, the
# language models of some seeds do not learn to answer them, and tuning on images does not make up for it.
INSTRUCTION_PRESENCE = 0.60
TEXT_CAPTION, TEXT_PRESENCE = 0.10, 0.50
TEXT_CONTEXT = 0.50  # of multiple-choice questions
CONTEXT = "Context: "


def caption_rows(seed: int, part: str, scenes: int) -> list[Row]:
    """Return one caption row for every scene."""
    rows = []
    for number in range(scenes):
        generator = _generator(seed, "caption", number)
        turn = (caption_prompt(generator), caption(draw_scene(seed, part, number)))
        rows.append(row(f"caption-{number}", turn, image_name(part, number)))
    return rows


def instruction_rows(seed: int, part: str, scenes: int, count: int, choices: float = 0.0) -> list[Row]:
    """Return `count` single-turn rows, cycling through the scenes.

    A share of `choices` of them is multiple choice; it does not change the other rows.
    """
    rows = []
    for index in range(count):
        turn_number, number = divmod(index, scenes)
        generator = _generator(seed, "instruction", number, turn_number)
        ask = presence_turn if generator.random() < INSTRUCTION_PRESENCE else short_turn
        scene = draw_scene(seed, part, number)
        other = _generator(seed, "instruction choice", number, turn_number)
        turn = choice(scene, other).turn if other.random() < choices else ask(scene, generator)
        rows.append(row(f"instruction-{number}-{turn_number}", turn, image_name(part, number)))
    return rows


def text_rows(seed: int, count: int, choices: float = 0.0, lookups: float = 0.0) -> list[Row]:
    """Return rows without images: words describe the scene, in the position of the image tokens.

    A share of `choices` of them is multiple choice; a share of `lookups` asks for an option's letter, without a scene.
    Neither share changes the other rows.
    """
    rows = []
    for number in range(count):
        special = _multiple_choice(seed, number, choices, lookups)
        if special is not None:
            rows.append(row(f"text-{number}", special, None))
            continue
        scene = draw_scene(seed, "text", number)
        generator = _generator(seed, "text", number)
        draw = generator.random()
        if draw < TEXT_CAPTION:
            question, answer = caption_prompt(generator), caption(scene)
        elif draw < TEXT_CAPTION + TEXT_PRESENCE:
            question, answer = presence_turn(scene, generator)
        else:
            question, answer = short_turn(scene, generator)
        rows.append(row(f"text-{number}", (f"{scene_words(scene)}\n{question}", answer), None))
    return rows


def lookup_rows(seed: int, count: int) -> list[Row]:
    """Return rows that ask for the letter of an option: for the first training of a model to answer with letters."""
    return [row(f"lookup-{number}", lookup(_generator(seed, "lookup", number)).turn, None) for number in range(count)]


def _multiple_choice(seed: int, number: int, choices: float, lookups: float) -> Turn | None:
    """Return the multiple-choice turn of a text row, None if the row is of another kind.

    Half of those about a scene describe it in ScienceQA's `Context:` format.
    """
    generator = _generator(seed, "text choice", number)
    draw = generator.random()
    if draw < lookups:
        return lookup(generator).turn
    if draw >= lookups + choices:
        return None
    scene = draw_scene(seed, "text", number)
    question, answer = choice(scene, generator).turn
    lead = CONTEXT if generator.random() < TEXT_CONTEXT else ""
    return f"{lead}{scene_words(scene)}\n{question}", answer


def row(identifier: str, turn: Turn, image: str | None) -> Row:
    """Return one row of LLaVA's JSON; a row with an image carries the placeholder in its first turn."""
    question, answer = turn
    human = f"<image>\n{question}" if image else question
    conversations = [{"from": "human", "value": human}, {"from": "gpt", "value": answer}]
    made: Row = {"id": identifier, "conversations": conversations}
    return {"id": identifier, "image": image, "conversations": conversations} if image else made


def _generator(seed: int, *item: object) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, "digits rows", " ".join(map(str, item))))
