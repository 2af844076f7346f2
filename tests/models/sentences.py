"""Llama tokenizers to test with: as files of the original layout, from a given or a small own sentencepiece model."""

import io
import json
import shutil
from functools import lru_cache
from pathlib import Path

import sentencepiece

SPECIAL = ("<unk>", "<s>", "</s>")
CONFIG = {
    "tokenizer_class": "LlamaTokenizer",
    "add_bos_token": True,
    "add_eos_token": False,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": None,
    "padding_side": "right",
    "model_max_length": 2048,
    "added_tokens_decoder": {
        str(number): {"content": token, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False, "special": True}
        for number, token in enumerate(SPECIAL)
    },
}  # fmt: skip


@lru_cache
def own_model() -> bytes:
    """Return a sentencepiece model as Llama's are: byte-pair, bytes for unknown letters, spaces kept as they are."""
    lines = [
        "A chat between a curious user and an artificial intelligence assistant.",
        "The assistant gives helpful, detailed, and polite answers to the user's questions.",
        "USER: What is it?  ASSISTANT: It is a red car. USER: Where is it? ASSISTANT: On the left.",
        "[INST] Is it day or night? [/INST] Night ###Human: one ###Assistant: two   three",
    ] * 4
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=written,
        model_type="bpe",
        vocab_size=400,
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    return written.getvalue()


def write_tokenizer(folder: Path, legacy: bool | None, model: Path | None = None) -> Path:
    """Write the files of a Llama tokenizer in one of its modes, or without telling it, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if model is None:
        (folder / "tokenizer.model").write_bytes(own_model())
    else:
        shutil.copyfile(model, folder / "tokenizer.model")
    told = CONFIG if legacy is None else {**CONFIG, "legacy": legacy}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return folder
