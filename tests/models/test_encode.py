"""From text to ids and labels: by the chunk, in both modes of a Llama tokenizer, without any recording."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import sentencepiece_model_pb2
from transformers import AutoTokenizer, LlamaTokenizer, PreTrainedTokenizerBase

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import load, names
from pipeline_lib.families.llava.original_labels import encode_as_original
from pipeline_lib.families.llava.rows import Encoding, encoded_row
from pipeline_lib.families.llava.tokens import add_llava_tokens, image_id
from pipeline_lib.models.encode import IGNORED, encode, tokenise
from pipeline_lib.models.sentencepiece import is_legacy, load_tokenizer
from pipeline_lib.models.tokenizer import train_language_tokenizer
from pipeline_lib.prompts import vicuna_v1
from pipeline_lib.prompts.base import Segment, image_first, question
from tests.models.sentences import SPECIAL, own_model, write_tokenizer

PIECES = ["a", "is", " ", "  ", "\n", "▁", "red", ":", "#", "日", "<unk>", "<s>", "</s>", "<image>", "<pad>", "ASSISTANT:", "[/INST]", "'s", "7"]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
WORDS = st.lists(st.sampled_from([piece for piece in PIECES if piece != "<image>"]), min_size=1, max_size=8).map(
    "".join
)
TURNS = [
    {"from": "human", "value": "What is it?\n<image>"},
    {"from": "gpt", "value": "A red car."},
    {"from": "human", "value": "Where?"},
    {"from": "gpt", "value": "On the left."},
]
KINDS = ("legacy", "not legacy", "bytes")


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PreTrainedTokenizerBase]:
    """Return a Llama tokenizer in each mode, and one of bytes as the default study has."""
    folder = tmp_path_factory.mktemp("tokenizers")
    made = {
        "legacy": load_tokenizer(write_tokenizer(folder / "old", legacy=True)),
        "not legacy": load_tokenizer(write_tokenizer(folder / "new", legacy=False)),
        "bytes": train_language_tokenizer([f" {turn['value']}" for turn in TURNS], 300, [" USER:", " ASSISTANT:"]),
    }
    for tokenizer in made.values():
        add_llava_tokens(tokenizer)
    return made


@lru_cache
def processor(prefix: bool) -> sentencepiece.SentencePieceProcessor:
    """Return sentencepiece itself, with or without a space put before every text."""
    model = sentencepiece_model_pb2.ModelProto.FromString(own_model())
    model.normalizer_spec.add_dummy_prefix = prefix
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())


def by_sentencepiece(text: str, legacy: bool) -> list[int]:
    """Return the ids of a text as transformers 4 made them, by its rules: stretches between special tokens."""
    stretches, rest = [], text if legacy or not text else f"▁{text}"
    while rest:
        places = [(rest.find(token), token) for token in SPECIAL if token in rest]
        place, token = min(places, default=(len(rest), ""))
        stretches += [rest[:place], token]
        rest = rest[place + len(token) :]
    if not legacy and stretches[:1] == ["▁"] and stretches[1]:
        stretches = stretches[1:]
    ids: list[int] = []
    for stretch in stretches:
        known = stretch in SPECIAL
        ids += [SPECIAL.index(stretch)] if known else processor(prefix=legacy).encode(stretch)
    return ids


@given(text=TEXTS)
@settings(max_examples=300, deadline=None)
@pytest.mark.parametrize("kind", ["legacy", "not legacy"])
def test_a_text_has_the_ids_that_sentencepiece_gives(
    kind: str, text: str, tokenizers: dict[str, PreTrainedTokenizerBase]
) -> None:
    assert is_legacy(tokenizers[kind]) == (kind == "legacy")
    assert list(tokenise(tokenizers[kind], text).ids) == by_sentencepiece(text, kind == "legacy")


def test_the_modes_differ_after_a_special_token(tokenizers: dict[str, PreTrainedTokenizerBase]) -> None:
    old, new = (
        tokenizers[kind].convert_ids_to_tokens(list(tokenise(tokenizers[kind], "a</s>USER").ids))
        for kind in ("legacy", "not legacy")
    )
    assert (old[:2], new[:2]) == (["▁a", "</s>"],) * 2
    assert old[2].startswith("▁") and not new[2].startswith("▁")


@pytest.mark.parametrize("legacy", [True, False])
def test_the_mode_stays_through_saving_and_for_others(tmp_path: Path, legacy: bool) -> None:
    tokenizer = load_tokenizer(write_tokenizer(tmp_path / "given", legacy))
    add_llava_tokens(tokenizer)
    tokenizer.save_pretrained(tmp_path / "saved")
    again, others = load_tokenizer(tmp_path / "saved"), AutoTokenizer.from_pretrained(tmp_path / "saved")
    texts = [" two  spaces", "a</s> b", "▁x", "<image> and </s>USER"]
    assert is_legacy(again) == legacy
    assert [again(text).input_ids for text in texts] == [tokenizer(text).input_ids for text in texts]
    assert [others(text).input_ids for text in texts] == [tokenizer(text).input_ids for text in texts]
    assert (again.pad_token, again.bos_token_id, again.model_max_length) == ("<pad>", 1, 2048)


def test_a_mode_that_is_not_told_is_that_of_transformers_4(tmp_path: Path) -> None:
    assert is_legacy(load_tokenizer(write_tokenizer(tmp_path / "given", legacy=None)))
    LlamaTokenizer.from_pretrained(write_tokenizer(tmp_path / "new", legacy=False)).save_pretrained(tmp_path / "theirs")
    assert not is_legacy(load_tokenizer(tmp_path / "theirs"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name in names("prompts") if name != "plain"])  # which drops the question
@given(asked=WORDS, answer=WORDS, image=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_prompt_begins_what_was_trained(
    name: str, kind: str, asked: str, answer: str, image: bool, tokenizers: dict[str, PreTrainedTokenizerBase]
) -> None:
    template, tokenizer = load("prompts", name), tokenizers[kind]
    images = [[image_id(tokenizer)] * 3] if image else []
    turns = [{"from": "human", "value": f"<image>\n{asked}" if image else asked}, {"from": "gpt", "value": answer}]
    ids, labels = encode(template.conversation(turns), tokenizer, images)
    segments = question(template, asked, image)
    prompt, _ = encode(segments, tokenizer, images)
    assert ids[: len(prompt)] == prompt
    given, _ = encode([each for each in segments if not each.trained], tokenizer, images)  # Llama 3 trains line feeds
    assert labels == [IGNORED] * len(given) + ids[len(given) :]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_and_their_ends_are_trained(kind: str, tokenizers: dict[str, PreTrainedTokenizerBase]) -> None:
    ids, labels = encode(
        vicuna_v1.conversation(image_first(TURNS)), tokenizers[kind], [[image_id(tokenizers[kind])] * 5]
    )
    kept = tokenizers[kind].decode([label for label in labels if label != IGNORED])
    assert [part.strip() for part in kept.split("</s>")] == ["A red car.", "On the left.", ""]
    assert ids.count(image_id(tokenizers[kind])) == 5
    assert all(label in (token, IGNORED) for token, label in zip(ids, labels, strict=True))


def test_text_around_an_image_is_tokenised_by_itself(tokenizers: dict[str, PreTrainedTokenizerBase]) -> None:
    tokenizer = tokenizers["not legacy"]
    ids, _ = encode([Segment("a <image>\nb")], tokenizer, [[image_id(tokenizer)]])
    tokens = tokenizer.convert_ids_to_tokens(ids)
    assert tokens[tokens.index("<image>") - 1 :][:4] == ["▁", "<image>", "▁", "<0x0A>"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_person_writes_becomes_no_image_and_no_padding(
    kind: str, tokenizers: dict[str, PreTrainedTokenizerBase]
) -> None:
    tokenizer = tokenizers[kind]
    ids, _ = encode([Segment("the <image> and <pad> tags")], tokenizer)
    assert not {image_id(tokenizer), tokenizer.pad_token_id} & set(ids)
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == "the <image> and <pad> tags"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", names("prompts"))
@given(said=st.lists(st.sampled_from([*SPECIAL, "a", " ", "\ufdd0"]), min_size=1, max_size=6).map("".join))
@settings(max_examples=40, deadline=None)
def test_control_words_that_a_speaker_says_are_text(
    name: str, kind: str, said: str, tokenizers: dict[str, PreTrainedTokenizerBase]
) -> None:
    template, tokenizer = load("prompts", name), tokenizers[kind]
    special = set(tokenizer.convert_tokens_to_ids(list(SPECIAL)))
    image = [[image_id(tokenizer)]]
    controls = [
        [token for token in encode(template.conversation(turns(f"w {text}")), tokenizer, image)[0] if token in special]
        for text in (said, "plain")
    ]
    assert controls[0] == controls[1]
    _, labels = encode(template.conversation(turns(f"w {said}")), tokenizer, image)
    answer = tokenizer.decode([token for token in labels if token != IGNORED])
    assert f"w {said}".replace("\ufdd0", "").strip() in answer.replace("\ufdd0", "")


def turns(said: str) -> list[dict[str, str]]:
    return [{"from": "human", "value": f"<image>\n{said}"}, {"from": "gpt", "value": said}]


def test_faithful_masks_a_row_that_the_original_miscounts(
    tokenizers: dict[str, PreTrainedTokenizerBase], caplog: pytest.LogCaptureFixture
) -> None:
    turns = [{"from": "human", "value": "Is <unk> a token?"}, {"from": "gpt", "value": "Yes."}]
    row, how = Conversation(7, "7", None, None, turns), Encoding(tokenizers["legacy"], vicuna_v1, 4, 100)
    sound, as_original = encoded_row(row, how), encoded_row(row, replace(how, as_original=True))
    unknown = int(tokenizers["legacy"].unk_token_id)
    assert unknown not in as_original.ids  # which is padding to the original
    assert "Is <unk> a token?" in tokenizers["legacy"].decode(sound.ids) and unknown not in sound.ids
    assert set(as_original.labels) == {IGNORED} != set(sound.labels)
    assert "row 7 is not trained" in caplog.text


@pytest.mark.parametrize("kind", ["legacy", "bytes"])
@pytest.mark.parametrize(
    "name", [name for name in names("prompts") if name not in ("plain", "llava_v0", "hermes_2", "llama_3")]
)
def test_faithful_changes_nothing_where_the_original_counts_well(
    name: str, kind: str, tokenizers: dict[str, PreTrainedTokenizerBase]
) -> None:
    template, tokenizer = load("prompts", name), tokenizers[kind]
    found = encode_as_original(TURNS, True, tokenizer, template, 500).shown(image_id(tokenizer), 3)
    assert (found.ids, found.labels) == encode(
        template.conversation(image_first(TURNS)), tokenizer, [[image_id(tokenizer)] * 3]
    )


def test_the_originals_rule_for_later_rounds_needs_llamas_vocabulary(
    tokenizers: dict[str, PreTrainedTokenizerBase],
) -> None:
    """It takes a space before USER for one token more, which holds for Llama's pieces and not for those of this test."""
    first, later = len(by_sentencepiece("USER", legacy=True)), len(by_sentencepiece("</s>USER", legacy=False)[1:])
    assert first - later != 1
    found = encode_as_original(TURNS, True, tokenizers["not legacy"], vicuna_v1, 500)
    assert found.mismatch and set(found.labels) == {IGNORED}
