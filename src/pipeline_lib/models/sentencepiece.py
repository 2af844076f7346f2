"""Load Llama's sentencepiece tokenizers, legacy or not, with the token ids of transformers 4, which LLaVA used.

The mode is `legacy` in `tokenizer_config.json`. Legacy puts a space before every stretch of text, also after a special
token; otherwise only before the first. Both do so even if the text begins with a space, unlike the tokenizer that
transformers 5 builds from the same files, which does not save the mode either.

Source of the rules: huggingface/transformers v4.37.2, `models/llama/tokenization_llama.py`, `tokenize`.
"""

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, normalizers, pre_tokenizers
from transformers import AutoTokenizer, LlamaTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from pipeline_lib.core.text import read_object

SPACE = "▁"  # sentencepiece's mark of a space
COPIED = ("bos_token", "eos_token", "unk_token", "pad_token", "model_max_length", "padding_side", "chat_template")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a checkpoint; a Llama tokenizer has its mode, and saves it with its files."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    if not isinstance(tokenizer, LlamaTokenizer):
        return tokenizer
    legacy = _legacy(folder)
    backend = in_mode(tokenizer.backend_tokenizer, legacy)
    copied = {name: getattr(tokenizer, name) for name in COPIED}
    copied["pad_token"] = copied["pad_token"] or copied["unk_token"]  # as in LLaVA's training
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, legacy=legacy, clean_up_tokenization_spaces=False, **copied
    )


def is_legacy(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Return a tokenizer's mode. One that is not Llama's counts as legacy: its tokens do not depend on earlier text."""
    return bool(tokenizer.init_kwargs.get("legacy", True))


def in_mode(backend: Tokenizer, legacy: bool) -> Tokenizer:
    """Return a tokenizer whose handling of spaces is that of legacy mode or of the other."""
    spaces = normalizers.Replace(" ", SPACE)
    if legacy:
        backend.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), spaces])
        backend.pre_tokenizer = None
    else:
        # The first puts a blank before text at the very beginning, and the second makes it SPACE. A single step would
        # omit it if the text begins with SPACE.
        first = pre_tokenizers.Metaspace(" ", prepend_scheme="first", split=False)
        second = pre_tokenizers.Metaspace(SPACE, prepend_scheme="never", split=False)
        backend.normalizer = spaces
        backend.pre_tokenizer = pre_tokenizers.Sequence([first, second])
    return backend


def _legacy(folder: Path) -> bool:
    """Return the mode stated in tokenizer_config.json, else that of tokenizer.json, else legacy, as transformers 4."""
    config, backend = (_content(folder / name) for name in ("tokenizer_config.json", "tokenizer.json"))
    if isinstance(config.get("legacy"), bool):
        return bool(config["legacy"])
    scheme = (backend.get("pre_tokenizer") or {}).get("prepend_scheme")
    return not backend or scheme == "always" or "Prepend" in str(backend.get("normalizer"))


def _content(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file, empty if there is no file."""
    return read_object(path) if path.is_file() else {}
