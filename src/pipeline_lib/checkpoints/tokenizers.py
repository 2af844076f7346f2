"""The tokenizer of a checkpoint's files, read apart from a config.json that transformers does not know."""

from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import PreTrainedTokenizerBase

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.sentencepiece import load_tokenizer

NAMES = (
    *("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt"),
)
VOCABULARIES = ("tokenizer.model", "tokenizer.json", "vocab.json")


def open_tokenizer(files: dict[str, Path]) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a checkpoint; files without one raise PipelineError."""
    found = {name: files[name] for name in NAMES if name in files}
    if not set(found) & set(VOCABULARIES):
        raise PipelineError(
            "these files hold no tokenizer", value=sorted(files)[:8], cure=f"one of {', '.join(VOCABULARIES)} is needed"
        )
    with TemporaryDirectory() as scratch:
        for name, path in found.items():
            (Path(scratch) / name).symlink_to(path.resolve())
        try:
            tokenizer = load_tokenizer(Path(scratch))
        except (OSError, ValueError, KeyError) as error:
            raise PipelineError(
                f"the tokenizer cannot be read: {error}", where=next(iter(found.values())).parent
            ) from error
    return tokenizer
