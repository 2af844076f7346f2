"""The chat template of an export gives servers the ids that this project asks its models with."""

from itertools import product
from pathlib import Path

import pytest
from transformers import LlavaProcessor, PreTrainedTokenizerBase

from pipeline_lib.core.plugins import load, names
from pipeline_lib.families.llava.model import compose, export
from pipeline_lib.families.llava.tokens import add_llava_tokens, image_id
from pipeline_lib.models.card import Card
from pipeline_lib.models.encode import encode
from pipeline_lib.models.layouts import ExportOptions
from pipeline_lib.models.sentencepiece import is_legacy, load_tokenizer
from pipeline_lib.models.tokenizer import train_language_tokenizer
from pipeline_lib.prompts.base import Turn
from pipeline_lib.prompts.styles.chat_template import chat_template
from tests.models.sentences import write_tokenizer

ROLES = {"human": "user", "gpt": "assistant"}
TEXTS = ["What is it?", "It is a red  car.", "Where\nis it?", "On the left."]
TEMPLATES = [name for name in names("prompts") if name != "plain"]


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> list[PreTrainedTokenizerBase]:
    """Return a Llama tokenizer in each mode, and one of bytes."""
    folder = tmp_path_factory.mktemp("tokenizers")
    made = [load_tokenizer(write_tokenizer(folder / str(legacy), legacy)) for legacy in (True, False)]
    made.append(train_language_tokenizer([f" {text}" for text in TEXTS], 300, [" USER:", " ASSISTANT:"]))
    for tokenizer in made:
        add_llava_tokens(tokenizer)
    return made


def turns(count: int, image: bool) -> list[Turn]:
    """Return the first turns of a conversation, the image in the first one if there is one."""
    texts = [f"<image>\n{TEXTS[0]}" if image else TEXTS[0], *TEXTS[1:]]
    return [{"from": speaker, "value": text} for speaker, text in zip(["human", "gpt"] * 2, texts, strict=True)][:count]


def messages(count: int, image: bool) -> list[dict[str, object]]:
    """Return the same turns as messages."""
    shown = [{"type": "image"}] if image else []
    first = {"role": "user", "content": [*shown, {"type": "text", "text": TEXTS[0]}]}
    return [first, *({"role": ROLES[turn["from"]], "content": turn["value"]} for turn in turns(count, False)[1:])]


@pytest.mark.parametrize("name", TEMPLATES)
def test_messages_become_the_ids_of_a_prompt(name: str, tokenizers: list[PreTrainedTokenizerBase]) -> None:
    template = load("prompts", name)
    for tokenizer, count, image in product(tokenizers, (1, 2, 3, 4), (False, True)):
        asks = count % 2 == 1
        segments = (template.prompt if asks else template.conversation)(turns(count, image))
        ids, _ = encode(segments, tokenizer, [[image_id(tokenizer)]] if image else [])
        jinja = chat_template(template, spaced=not is_legacy(tokenizer))
        text = tokenizer.apply_chat_template(
            messages(count, image), chat_template=jinja, tokenize=False, add_generation_prompt=asks
        )
        assert tokenizer(text, add_special_tokens=False).input_ids == ids, (count, image, text)


def test_a_template_without_rounds_has_none() -> None:
    assert chat_template(load("prompts", "plain")) is None


def test_an_export_carries_it(language: Path, tower: Path, tmp_path: Path) -> None:
    card = Card(kind="vlm", template="vicuna_v1", image_shape="pad")
    compose(language, tower, card, seed=0).save(tmp_path / "model")
    export(tmp_path / "model", tmp_path / "hub", "hub", ExportOptions())
    processor = LlavaProcessor.from_pretrained(tmp_path / "hub")
    text = processor.apply_chat_template(messages(1, True), add_generation_prompt=True)
    assert text.startswith("<s>A chat between") and text.endswith("USER: <image>\nWhat is it? ASSISTANT:")
    with pytest.raises(Exception, match="system text"):
        processor.apply_chat_template([{"role": "system", "content": "x"}, *messages(1, True)])
