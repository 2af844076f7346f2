"""Ids as text, held against sentencepiece's own decoding of them, broken characters included."""

import random

import pytest
import sentencepiece
from transformers import PreTrainedTokenizerBase

from pipeline_lib.models.decode import characters, decode
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.models.tokenizer import train_language_tokenizer
from tests.models.sentences import SPECIAL, own_model, write_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    return load_tokenizer(write_tokenizer(tmp_path_factory.mktemp("tokenizer") / "llama", legacy=True))


def test_a_truncated_character_leaves_those_before_it(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = tokenizer.convert_tokens_to_ids([f"<0x{byte:02X}>" for byte in "w日本".encode()[:-1]])
    assert decode(tokenizer, ids) == "w日\ufffd\ufffd"


@pytest.mark.parametrize("seed", range(10))
def test_ids_have_the_text_that_sentencepiece_gives(tokenizer: PreTrainedTokenizerBase, seed: int) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_proto=own_model())
    draw = random.Random(seed)
    pieces = range(len(SPECIAL), processor.vocab_size())
    byte_ids = [number for number in pieces if processor.is_byte(number)]
    broken = 0
    for _ in range(100):
        ids = [draw.choice(byte_ids if draw.random() < 0.6 else pieces) for _ in range(draw.randint(1, 9))]
        expected = processor.decode(ids)
        broken += "\ufffd" in expected
        assert decode(tokenizer, ids).strip() == expected.strip(), processor.id_to_piece(ids)
    assert broken > 30


def test_control_tokens_are_left_out(tokenizer: PreTrainedTokenizerBase) -> None:
    byte = tokenizer.convert_tokens_to_ids("<0x9A>")
    word = tokenizer.convert_tokens_to_ids("▁a")
    assert decode(tokenizer, [1, word, byte, 2]) == "a\ufffd" and decode(tokenizer, [2]) == ""


def test_a_tokenizer_of_bytes_decodes_itself() -> None:
    tokenizer = train_language_tokenizer([" red car"], 300, [" USER:"])
    ids = tokenizer(" ré日", add_special_tokens=False).input_ids
    assert decode(tokenizer, ids) == " ré日" and decode(tokenizer, ids[:-1]) == tokenizer.decode(ids[:-1])


def test_every_byte_outside_a_character_is_one_sign() -> None:
    assert characters(b"a\xe6\x97\xa5\xe6\x97") == "a日\ufffd\ufffd" and characters("日本".encode()) == "日本"
    assert characters(b"\xed\xa0\x80\xff") == "\ufffd" * 4
