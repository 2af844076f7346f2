"""Token ids as text; bytes that are no character become as many signs of that as sentencepiece writes."""

import re

from transformers import PreTrainedTokenizerBase

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
BYTE = re.compile("<0x([0-9A-F]{2})>")


def decode(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    """Return the text of token ids, without control tokens.

    Where a run of byte tokens holds a broken character, as at the end of a truncated answer, the tokenizers library
    replaces the whole run; sentencepiece, and this, replace only the bytes that are in no character.
    """
    text = str(tokenizer.decode(ids, skip_special_tokens=True))
    if REPLACEMENT not in text:
        return text
    control = set(tokenizer.all_special_ids)
    tokens = tokenizer.convert_ids_to_tokens([number for number in ids if number not in control])
    if not any(map(BYTE.fullmatch, tokens)):
        return text
    return str(tokenizer.backend_tokenizer.decoder.decode(_with_characters(tokens)))


def _with_characters(tokens: list[str]) -> list[str]:
    """Return tokens with every run of bytes as its characters."""
    merged: list[str] = []
    run = bytearray()
    for token in [*tokens, ""]:
        if byte := BYTE.fullmatch(token):
            run.append(int(byte[1], 16))
            continue
        merged += [*characters(bytes(run)), token]
        run.clear()
    return merged[:-1]


def characters(data: bytes) -> str:
    """Return bytes as characters, one sign of replacement for each byte that is in none."""
    text = data.decode("utf-8", errors="surrogateescape")
    return re.sub("[\udc80-\udcff]", REPLACEMENT, text)
