"""The template vicuna_v1: its exact text, and what of it is trained."""

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.prompts import plain, vicuna_v1
from pipeline_lib.prompts.base import text_of

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
TWO_ROUNDS = [
    {"from": "human", "value": "What is it?\n<image>"},
    {"from": "gpt", "value": "A dog."},
    {"from": "human", "value": "Sure?"},
    {"from": "gpt", "value": "Yes."},
]


def test_a_conversation_is_written_as_in_llava() -> None:
    text = text_of(vicuna_v1.conversation(TWO_ROUNDS))
    assert text == f"{SYSTEM} USER: <image>\nWhat is it? ASSISTANT: A dog.</s>USER: Sure? ASSISTANT: Yes.</s>"


def test_answers_and_their_ends_are_trained() -> None:
    trained = [segment.text for segment in vicuna_v1.conversation(TWO_ROUNDS) if segment.trained]
    assert trained == [" A dog.</s>", " Yes.</s>"]


def test_a_question_ends_where_its_answer_begins() -> None:
    assert text_of(vicuna_v1.question("Is it?", image=True)) == f"{SYSTEM} USER: <image>\nIs it? ASSISTANT:"
    assert text_of(vicuna_v1.question("Is it?", image=False)) == f"{SYSTEM} USER: Is it? ASSISTANT:"


def test_training_and_asking_agree_on_the_prompt() -> None:
    asked = text_of(vicuna_v1.question("What is it?", image=True))
    assert text_of(vicuna_v1.conversation(TWO_ROUNDS)).startswith(asked)


def test_plain_is_an_image_and_its_caption() -> None:
    segments = plain.conversation(
        [{"from": "human", "value": "Describe it.\n<image>"}, {"from": "gpt", "value": "A dog."}]
    )
    assert [(segment.text, segment.trained) for segment in segments] == [("<image>", False), ("A dog.\n", True)]
    with pytest.raises(PipelineError, match="an image and one caption"):
        plain.conversation(TWO_ROUNDS)
