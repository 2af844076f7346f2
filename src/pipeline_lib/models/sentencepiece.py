"""Llama's sentencepiece tokenizers, with the ids that LLaVA's transformers 4 gave, in both of their modes.

Their mode stands in `tokenizer_config.json` as `legacy`. Legacy puts a space before every stretch of text, also after a
special token; otherwise only before the first. Either does so even if a space is there already, unlike the tokenizer
that transformers 5 builds from the same files, which does not save the mode either.

Source of the rules: huggingface/transformers v4.37.2, `models/llama/tokenization_llama.py`, `tokenize`.
"""

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, normalizers, pre_tokenizers
from transformers import AutoTokenizer, LlamaTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from pipeline_lib.core.text import read_object

SPACE = "▁"  # sentencepiece's mark for one
KEPT = ("bos_token", "eos_token", "unk_token", "pad_token", "model_max_length", "padding_side", "chat_template")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a checkpoint; a Llama tokenizer in its mode, which its saved files then hold."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    if not isinstance(tokenizer, LlamaTokenizer):
        return tokenizer
    legacy = _legacy(folder)
    backend = in_mode(tokenizer.backend_tokenizer, legacy)
    kept = {name: getattr(tokenizer, name) for name in KEPT}
    kept["pad_token"] = kept["pad_token"] or kept["unk_token"]  # as LLaVA's training sets it
    return PreTrainedTokenizerFast(tokenizer_object=backend, legacy=legacy, clean_up_tokenization_spaces=False, **kept)


def is_legacy(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Return a tokenizer's mode. One that is not Llama's has none and counts as legacy: no text depends on others."""
    return bool(tokenizer.init_kwargs.get("legacy", True))


def in_mode(backend: Tokenizer, legacy: bool) -> Tokenizer:
    """Return a tokenizer with Llama's handling of spaces replaced by that of a mode."""
    spaces = normalizers.Replace(" ", SPACE)
    if legacy:
        backend.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), spaces])
        backend.pre_tokenizer = None
    else:
        # The first puts a blank before text that stands at the very beginning, and the second makes it SPACE. One step
        # would leave it out where the text begins with SPACE.
        first = pre_tokenizers.Metaspace(" ", prepend_scheme="first", split=False)
        second = pre_tokenizers.Metaspace(SPACE, prepend_scheme="never", split=False)
        backend.normalizer = spaces
        backend.pre_tokenizer = pre_tokenizers.Sequence([first, second])
    return backend


def _legacy(folder: Path) -> bool:
    """Return the mode: as told, else as a tokenizer.json has it, else legacy, which transformers 4 takes it for."""
    told, backend = (_content(folder / name) for name in ("tokenizer_config.json", "tokenizer.json"))
    if isinstance(told.get("legacy"), bool):
        return bool(told["legacy"])
    scheme = (backend.get("pre_tokenizer") or {}).get("prepend_scheme")
    return not backend or scheme == "always" or "Prepend" in str(backend.get("normalizer"))


def _content(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file, nothing where there is none."""
    return read_object(path) if path.is_file() else {}
