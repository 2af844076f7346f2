"""Templates: their exact texts, and what of them is trained."""

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names
from pipeline_lib.prompts import hermes_2, llama_2, mistral_instruct, plain, vicuna_v1
from pipeline_lib.prompts.base import image_first, question, text_of

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
    text = text_of(vicuna_v1.conversation(image_first(TWO_ROUNDS)))
    assert text == f"{SYSTEM} USER: <image>\nWhat is it? ASSISTANT: A dog.</s>USER: Sure? ASSISTANT: Yes.</s>"


def test_answers_and_their_ends_are_trained() -> None:
    trained = [segment.text for segment in vicuna_v1.conversation(TWO_ROUNDS) if segment.trained]
    assert "".join(trained) == " A dog.</s> Yes.</s>"


@pytest.mark.parametrize("name", [name for name in names("prompts") if name != "plain"])
def test_what_was_said_is_told_from_what_the_template_writes(name: str) -> None:
    said = [segment.text for segment in load("prompts", name).conversation(TWO_ROUNDS) if segment.spoken]
    assert said == [turn["value"] for turn in TWO_ROUNDS]


def test_a_question_ends_where_its_answer_begins() -> None:
    assert text_of(question(vicuna_v1, "Is it?", 1)) == f"{SYSTEM} USER: <image>\nIs it? ASSISTANT:"
    assert text_of(question(vicuna_v1, "Same?", 2)) == f"{SYSTEM} USER: <image> <image>\nSame? ASSISTANT:"
    assert text_of(question(vicuna_v1, "Is it?", 0)) == f"{SYSTEM} USER: Is it? ASSISTANT:"


@pytest.mark.parametrize("name", [name for name in names("prompts") if name != "plain"])
def test_training_and_asking_agree_on_the_prompt(name: str) -> None:
    template, turns = load("prompts", name), image_first(TWO_ROUNDS)
    asked = text_of(question(template, "What is it?", 1))
    assert text_of(template.conversation(turns)).startswith(asked)
    assert text_of(template.conversation(turns)).startswith(text_of(template.prompt(turns[:3])))


@pytest.mark.parametrize("name", [name for name in names("prompts") if name not in ("plain", "llava_v0")])
def test_the_trained_text_is_the_originals(name: str) -> None:
    template, turns = load("prompts", name), image_first(TWO_ROUNDS)
    assert template.original(turns).text == text_of(template.conversation(turns))


def test_every_template_writes_its_own_marks() -> None:
    texts = {
        name: text_of(load("prompts", name).conversation(TWO_ROUNDS[2:]))
        for name in names("prompts")
        if name != "plain"
    }
    assert texts["mistral_instruct"] == "[INST] Sure? [/INST] Yes. </s>"
    assert texts["llava_v0"].endswith("questions.###Human: Sure?###Assistant: Yes.###")
    assert texts["llava_v1"] == texts["vicuna_v1"].replace("curious user", "curious human").replace(
        "the user's", "the human's"
    )
    for name in ("llama_2", "llava_llama_2"):
        assert texts[name].startswith("[INST] <<SYS>>\nYou are a helpful")
        assert texts[name].endswith("\n<</SYS>>\n\nSure? [/INST] Yes. </s>")


def test_later_rounds_of_llama_2_begin_with_a_written_out_mark() -> None:
    assert "Yes. </s><s>[INST] Sure? [/INST] Yes. </s>" in text_of(llama_2.conversation(TWO_ROUNDS[2:] * 2))
    assert "Yes. </s>[INST] Sure? [/INST] Yes. </s>" in text_of(mistral_instruct.conversation(TWO_ROUNDS[2:] * 2))


def test_a_first_turn_of_gpt_is_skipped_and_no_other_disorder_is_written() -> None:
    assert vicuna_v1.conversation(TWO_ROUNDS[1:]) == vicuna_v1.conversation(TWO_ROUNDS[2:])
    for turns in ([TWO_ROUNDS[0]] * 2, [{"from": "system", "value": "be nice"}, *TWO_ROUNDS]):
        with pytest.raises(PipelineError, match="do not alternate"):
            vicuna_v1.conversation(turns)
    with pytest.raises(PipelineError, match="the first turn is empty"):
        llama_2.conversation([{"from": "human", "value": ""}, TWO_ROUNDS[1]])


def test_the_image_goes_to_the_front_of_its_turn() -> None:
    turns = [{"from": "human", "value": value} for value in ("Look <image> here", "<image>\n<image>", "no image")]
    assert [turn["value"] for turn in image_first(turns)] == ["<image>\nLook  here", "<image>", "no image"]


def test_plain_is_an_image_and_its_caption() -> None:
    segments = plain.conversation(
        [{"from": "human", "value": "Describe it.\n<image>"}, {"from": "gpt", "value": "A dog."}]
    )
    assert [(segment.text, segment.trained) for segment in segments] == [
        ("<image>", False),
        ("A dog.", True),
        ("\n", True),
    ]
    with pytest.raises(PipelineError, match="an image and one caption"):
        plain.conversation(TWO_ROUNDS)
    with pytest.raises(PipelineError, match="asks one question"):
        plain.prompt(TWO_ROUNDS)


def test_hermes_2_has_nothing_between_the_end_of_a_turn_and_the_next() -> None:
    segments = hermes_2.conversation(TWO_ROUNDS[2:])
    end = "<|im_end|><|im_start|>user\nSure?<|im_end|><|im_start|>assistant\nYes.<|im_end|>"
    assert text_of(segments) == f"<|im_start|>system\n{hermes_2.SYSTEM}{end}"
    assert "".join(segment.text for segment in segments if segment.trained) == "Yes.<|im_end|>"
    with pytest.raises(PipelineError, match="no template hermes_2"):
        hermes_2.original(TWO_ROUNDS).masks(None)
