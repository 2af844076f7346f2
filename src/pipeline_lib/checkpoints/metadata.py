"""Read metadata of third-party models; JSON that asks to run code or states absurd sizes is refused."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Mapping

from huggingface_hub.errors import StrictDataclassError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import typed
from pipeline_lib.core.text import read_object

CODE = "auto_map"  # the key that makes transformers import a Python file of the checkpoint
LARGEST_FILE = 2**28  # bytes of a metadata file; tokenizers of 250,000 tokens take a tenth of this
LARGEST_SIZE = 2**24  # of a width, a vocabulary or a length; no model has more
NAMES = (
    *("config.json", "generation_config.json", "processor_config.json", "preprocessor_config.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.json"),
)
LAYERS = "num_hidden_layers"
SIZES = (  # whole numbers that allocate or loop
    *("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size"),
    *("image_size", "patch_size", "num_channels", "projection_dim", "num_labels", LAYERS),
    *("shortest_edge", "height", "width"),
)
_INVALID = (  # what transformers and torch raise on an invalid configuration
    *(TypeError, ValueError, LookupError, AttributeError, RuntimeError, ArithmeticError, AssertionError, OSError),
    *(ImportError, MemoryError, StrictDataclassError),
)


def read_metadata(path: Path, code: bool = False) -> dict[str, Any]:
    """Return the object in a metadata file; other JSON, requests to run code and absurd sizes raise PipelineError.

    With `code`, a request to run code is no fault: the caller passes the object to no library that would.
    """
    if path.is_file() and path.stat().st_size > LARGEST_FILE:
        raise PipelineError("this file is too large for metadata", where=path, value=f"{path.stat().st_size} bytes")
    content = read_object(path)
    for key, value in _entries(content):
        if key == CODE and not code:
            raise PipelineError(
                "this checkpoint asks to run Python code of its own", where=f"{path}: {CODE}",
                value=value, cure="take a checkpoint that transformers supports without code, or convert it yourself",
            )  # fmt: skip
        if key in SIZES and value is not None and not isinstance(value, (list, dict)):
            size = typed(value, int, f"{path}: {key}", f"`{key}`")
            if not 1 <= size <= LARGEST_SIZE:
                raise PipelineError("no model has this size", where=f"{path}: {key}", value=value)
    return content


def check_metadata(files: Mapping[str, Path]) -> None:
    """Read every metadata file of a checkpoint that a library may read; see `read_metadata`."""
    for name in NAMES:
        if name in files:
            read_metadata(files[name])


def expect_depth(config: Mapping[str, Any], tensors: int, where: Path) -> None:
    """Raise PipelineError where a configuration has more layers than there are tensors; building it would take days."""
    for key, value in _entries(config):
        if key == LAYERS and isinstance(value, int) and value > tensors:
            raise PipelineError(
                f"this configuration has {value} layers, but the files hold {tensors} tensors",
                where=f"{where}: {LAYERS}", value=value, cure="take weights and config.json from one model",
            )  # fmt: skip


@contextmanager
def understood(where: object) -> Iterator[None]:
    """Turn the libraries' errors on invalid metadata into a PipelineError that names the file."""
    try:
        yield
    except _INVALID as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a fault of the disk
        reason = " ".join(str(error).split())[:300]
        raise PipelineError(
            f"this describes no model that transformers can build: {type(error).__name__}: {reason}", where=where,
            cure="take the files of one model as published",
        ) from error  # fmt: skip


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at every depth but below `vocab`, whose keys are tokens."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            if key != "vocab":
                yield from _entries(item)
    elif isinstance(value, list):
        for item in value:
            yield from _entries(item)
