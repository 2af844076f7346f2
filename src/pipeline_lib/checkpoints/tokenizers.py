"""Read the tokenizer of a checkpoint without its config.json, which transformers may not support."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Iterator

from transformers import PreTrainedTokenizerBase

from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import read_text
from pipeline_lib.core.text import read_object
from pipeline_lib.models.sentencepiece import load_tokenizer

NAMES = (
    *("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt"),
)
LONGEST_PATTERN = 2000  # characters of a regular expression
NESTED = re.compile(r"\((?:[^()\\\[]|\\.|\[[^\]]*\])*[+*}]\)?[^()]*\)(?:[+*]|\{\d+,)")  # (a+)+
VOCABULARIES = ("tokenizer.model", "tokenizer.json", "vocab.json")


def open_tokenizer(files: dict[str, Path]) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a checkpoint; files without one raise PipelineError."""
    tokenizer_files = {name: files[name] for name in NAMES if name in files}
    if not set(tokenizer_files) & set(VOCABULARIES):
        raise PipelineError(
            "these files hold no tokenizer", value=sorted(files)[:8], cure=f"one of {', '.join(VOCABULARIES)} is needed"
        )
    for name, path in tokenizer_files.items():
        _check(name, path)
    with TemporaryDirectory() as scratch:
        for name, path in tokenizer_files.items():
            (Path(scratch) / name).symlink_to(path.resolve())
        try:
            return load_tokenizer(Path(scratch))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # tokenizers and sentencepiece raise plain Exception and Rust panics
            reason = " ".join(str(error).split())[:300]
            raise PipelineError(
                f"the tokenizer cannot be read: {reason}", where=next(iter(tokenizer_files.values())).parent,
                value=sorted(tokenizer_files), cure="take the files of one tokenizer as published",
            ) from error  # fmt: skip


def _check(name: str, path: Path) -> None:
    """Raise PipelineError where a tokenizer's file is malformed, asks to run code, or has an unsafe pattern."""
    if name == "merges.txt":
        read_text(path)
    elif name in ("vocab.json", "added_tokens.json"):
        read_object(path)
    elif name.endswith(".json"):
        content = read_metadata(path)
        for pattern in _patterns(content):
            if len(pattern) > LONGEST_PATTERN or NESTED.search(pattern):
                raise PipelineError(
                    "a pattern of this tokenizer may take forever: it is long or nests repetitions", where=path,
                    value=pattern[:LONGEST_PATTERN], cure="take the tokenizer as published",
                )  # fmt: skip


def _patterns(value: Any) -> Iterator[str]:
    """Yield the regular expressions of a tokenizer.json, at every depth."""
    if isinstance(value, dict):
        if isinstance(value.get("Regex"), str):
            yield value["Regex"]
        for key, item in value.items():
            if key not in ("vocab", "merges"):
                yield from _patterns(item)
    elif isinstance(value, list):
        for item in value:
            yield from _patterns(item)
