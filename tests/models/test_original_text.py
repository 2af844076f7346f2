"""Prompts, token ids and labels, held against those that the original code gave."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.families.llava.original_labels import IMAGE_TOKEN_INDEX, encode_as_original
from pipeline_lib.families.llava.rows import Encoding, encode_conversation
from pipeline_lib.families.llava.tokens import add_llava_tokens, image_id
from pipeline_lib.models.encode import IGNORED, encode
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.prompts.base import Segment, Template, image_first, text_of
from tests.models.sentences import write_tokenizer

MODES = ("legacy_false", "legacy_true")
SPEAKERS = {"u": "human", "a": "gpt"}
Tokenizers = dict[str, PreTrainedTokenizerBase]

# Where our default differs. The first kind: the original counts more or fewer tokens than there are, and masks the row.
MISCOUNTED = {
    "ends_with_human": "a question without an answer",
    "eos_in_answer": "an answer that holds `</s>`",
    "unk_in_text_mismatch": "`<unk>`, which it takes for padding",
    "unk_in_text_mismatch_noimg": "`<unk>`, which it takes for padding",
}
MISCOUNTED_ROUNDS = {
    "assistant_marker_in_user": "a question that holds the mark before an answer",
    "assistant_marker_second_turn": "a question that holds the mark before an answer",
    "empty_human": "an empty question, after which the mark has no space before it",
}
MISCOUNTED_INSTRUCTIONS = {"inst_in_answer": "an answer that holds the mark before it"}
RETRAINED = {
    "v1": MISCOUNTED | MISCOUNTED_ROUNDS,
    "llama_2": MISCOUNTED | MISCOUNTED_INSTRUCTIONS,
    "llava_llama_2": MISCOUNTED | MISCOUNTED_INSTRUCTIONS,
    "mistral_instruct": MISCOUNTED | MISCOUNTED_INSTRUCTIONS,
    "plain": {},
}
# Where a speaker says `<s>`, `</s>` or `<unk>`: text to us, a control token to the original.
CONTROL_WORDS = {"eos_in_answer", "unk_in_text_mismatch", "unk_in_text_mismatch_noimg", "bos_in_answer"}
PICTURE_IN_TEXT = ("plain", "text_literal_image_tag")  # `<image>` in a row without an image: shown an image there
REFUSED = {"two_humans", "unknown_role"}  # by every template of ours; llava_v0 of the original writes them down


@pytest.fixture(scope="module")
def tokenizers(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Tokenizers:
    made = {}
    for mode in MODES:
        folder = write_tokenizer(
            tmp_path_factory.mktemp(mode), mode == "legacy_true", golden / "models" / "vicuna-tiny" / "tokenizer.model"
        )
        made[mode] = load_tokenizer(folder)
        add_llava_tokens(made[mode])
    return made


@pytest.fixture(scope="module")
def labels(golden: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((golden / "text" / "train_labels.json").read_text())
    assert (len(told["samples"]), len(told["records"])) == (32, 444)
    return told


def template(version: str) -> Template:
    return load("prompts", {"v1": "vicuna_v1"}.get(version, version))  # type: ignore[return-value]


def placed(ids: list[int], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    return [IMAGE_TOKEN_INDEX if token == image_id(tokenizer) else token for token in ids]


def test_texts_become_the_originals_ids_in_both_modes(golden: Path, tokenizers: Tokenizers) -> None:
    told = json.loads((golden / "text" / "tokenizer.json").read_text())
    assert len(told) == 23 and any(case["legacy_false"] != case["legacy_true"] for case in told)
    for case in told:
        for mode in MODES:
            ids, _ = encode([Segment(case["text"])], tokenizers[mode])
            assert ids == case[mode], (case["text"], mode)


def test_prompts_of_every_template_are_the_originals(golden: Path, tokenizers: Tokenizers) -> None:
    told = json.loads((golden / "text" / "prompts.json").read_text())
    assert len(told) == 7 * 11
    for case in told:
        module, unanswered = template(case["template"]), case["messages"][-1][1] is None
        turns = [{"from": SPEAKERS[speaker], "value": value or ""} for speaker, value in case["messages"]]
        write = module.prompt if unanswered else module.conversation
        if "exception" in case:
            with pytest.raises(PipelineError):
                write(turns)
            continue
        segments = write(turns)
        assert text_of(segments) == case["prompt"]
        for mode in MODES:
            obeyed = [replace(segment, spoken=False) for segment in segments]  # as the original takes control words
            ids, default = (
                encode(found, tokenizers[mode], [[image_id(tokenizers[mode])]])[0] for found in (obeyed, segments)
            )
            assert placed(ids, tokenizers[mode]) == case[f"input_ids_{mode}"], (case["template"], case["case"], mode)
            assert (ids == default) == (case["case"] != "specials_in_text")


def test_faithful_labels_are_the_originals(labels: dict[str, Any], tokenizers: Tokenizers) -> None:
    for case in labels["records"]:
        sample, tokenizer = labels["samples"][case["sample"]], tokenizers[case["tokenizer"]]
        how = (sample["has_image"], tokenizer, template(case["version"]), case["model_max_length"])
        if "exception" in case:
            with pytest.raises(PipelineError):
                encode_as_original(sample["conversations"], *how)
            continue
        found = encode_as_original(sample["conversations"], *how)
        name = (case["version"], case["tokenizer"], case["sample"])
        assert (found.ids, found.labels) == (case["input_ids"], case["labels"]), name
        warned = "WARNING: tokenization mismatch: {} vs. {}. (ignored)".format(*found.mismatch or (0, 0))
        assert (warned if found.mismatch else None) == case.get("stdout"), name


def row_of(sample: dict[str, Any]) -> Conversation:
    image = "a.jpg" if sample["has_image"] else None
    return Conversation(0, "0", image, image, sample["conversations"])


def ours(case: dict[str, Any], labels: dict[str, Any], tokenizers: Tokenizers) -> tuple[list[int], list[int]]:
    tokenizer, length = tokenizers[case["tokenizer"]], case["model_max_length"]
    row = row_of(labels["samples"][case["sample"]])
    ids, found = encode_conversation(row, Encoding(tokenizer, template(case["version"]), 1, length))
    return placed(ids, tokenizer)[:length], found[:length]


def obeyed(case: dict[str, Any], labels: dict[str, Any], tokenizers: Tokenizers) -> tuple[list[int], list[int]]:
    """Return what the default would train if control words in what a speaker says were control tokens."""
    tokenizer, length, row = (
        tokenizers[case["tokenizer"]], case["model_max_length"], row_of(labels["samples"][case["sample"]]),
    )  # fmt: skip
    turns = image_first(row.conversations) if row.image else row.conversations
    segments = [replace(segment, spoken=False) for segment in template(case["version"]).conversation(turns)]
    ids, found = encode(segments, tokenizer, [[image_id(tokenizer)]] if row.image else [])
    return placed(ids, tokenizer)[:length], found[:length]


def theirs(case: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Return what the original trains on: it cuts rows with an image later, and never trains the image itself."""
    length = case["model_max_length"]
    found = [IGNORED if label == IMAGE_TOKEN_INDEX else label for label in case["labels"]]
    return case["input_ids"][:length], found[:length]


def test_the_default_differs_where_the_original_is_at_fault_and_nowhere_else(
    labels: dict[str, Any], tokenizers: Tokenizers
) -> None:
    retrained: dict[str, set[str]] = {version: set() for version in RETRAINED}
    for case in labels["records"]:
        name = (case["version"], case["sample"])
        if case["version"] == "llava_v0" or name == PICTURE_IN_TEXT:
            continue
        if "exception" in case:
            with pytest.raises(PipelineError):
                ours(case, labels, tokenizers)
            continue
        (ids, found), (known, wanted) = obeyed(case, labels, tokenizers), theirs(case)
        assert ids == known, name
        assert (ours(case, labels, tokenizers) == (ids, found)) == (case["sample"] not in CONTROL_WORDS), name
        if found != wanted:
            retrained[case["version"]].add(case["sample"])
            assert "stdout" in case and set(wanted) == {IGNORED}, name
    assert retrained == {version: set(samples) for version, samples in RETRAINED.items()}


def test_rows_that_the_original_masks_are_trained_on_their_answers(
    labels: dict[str, Any], tokenizers: Tokenizers
) -> None:
    for case in labels["records"]:
        if case["sample"] in RETRAINED.get(case["version"], {}) and case["model_max_length"] == 2048:
            tokenizer = tokenizers[case["tokenizer"]]
            _, found = ours(case, labels, tokenizers)
            said = tokenizer.decode([label for label in found if label != IGNORED])
            answers = [turn["value"] for turn in labels["samples"][case["sample"]]["conversations"][1::2]]
            assert "".join(said.split()) == "".join(f"{answer}</s>" for answer in answers).replace(" ", "")


def test_llava_v0_trains_what_it_asks_unlike_the_original(labels: dict[str, Any], tokenizers: Tokenizers) -> None:
    compared = 0
    for case in labels["records"]:
        if case["version"] != "llava_v0":
            continue
        if case["sample"] in REFUSED:
            with pytest.raises(PipelineError, match="do not alternate"):
                ours(case, labels, tokenizers)
            continue
        assert ours(case, labels, tokenizers)[0] != theirs(case)[0]
        compared += 1
    assert compared == 2 * (32 + 5 - len(REFUSED))


def test_an_image_of_a_text_row_is_text_to_us_and_an_image_to_the_plain_template_of_the_original(
    labels: dict[str, Any], tokenizers: Tokenizers
) -> None:
    cases = [case for case in labels["records"] if (case["version"], case["sample"]) == PICTURE_IN_TEXT]
    assert len(cases) == 2
    for case in cases:
        assert IMAGE_TOKEN_INDEX in theirs(case)[0] and IMAGE_TOKEN_INDEX not in ours(case, labels, tokenizers)[0]
