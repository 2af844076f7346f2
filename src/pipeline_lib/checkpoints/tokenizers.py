"""The tokenizer of a checkpoint's files, read apart from a config.json that transformers does not know."""

from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import PreTrainedTokenizerBase

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json, read_json
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.models.tokenizer import IMAGE, PAD

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


def without_added(files: dict[str, Path], rows: int) -> dict[str, str]:
    """Return the files of a LLaVA's tokenizer, as texts, without the tokens that a language model of `rows` lacks.

    Padding is `<unk>`, as in the original.
    """
    tokenizer = read_json(files["tokenizer.json"])
    tokenizer["added_tokens"] = [entry for entry in tokenizer["added_tokens"] if entry["id"] < rows]
    tokenizer["padding"] = None
    told = read_json(files["tokenizer_config.json"])
    known = {key: value for key, value in told.items() if value not in (IMAGE, PAD) and key not in _OF_A_LLAVA}
    return {
        "tokenizer.json": pretty_json(tokenizer),
        "tokenizer_config.json": pretty_json({**known, "pad_token": told.get("unk_token"), "padding_side": "right"}),
    }


_OF_A_LLAVA = ("extra_special_tokens", "processor_class", "added_tokens_decoder", "model_specific_special_tokens")
