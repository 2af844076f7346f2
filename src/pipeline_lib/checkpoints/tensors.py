"""List and read the tensors of a checkpoint's files, safetensors or pickles.

Listing reads no values; reading yields one tensor at a time. A `.bin` is read with weights-only loading, which runs no
code of the file.
"""

import pickle
import struct
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

import torch
from safetensors import SafetensorError, safe_open

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field, optional_field
from pipeline_lib.core.reading import open_file
from pipeline_lib.core.text import read_object

INDEX = ".index.json"
WHOLE = ("model.safetensors", "pytorch_model.bin")  # the files of a model; the first that exists is read
_BROKEN = (  # what torch raises on a file that it cannot read
    *(RuntimeError, EOFError, OSError, ValueError, LookupError, AttributeError, TypeError, AssertionError),
    *(ImportError, ArithmeticError, MemoryError, struct.error, zipfile.BadZipFile),
)
ZIP = b"PK"  # the first bytes of a `.bin` since torch 1.6, which can be memory-mapped


class Kind(NamedTuple):
    """Shape and type of a tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype


@dataclass(frozen=True)
class Tensors:
    """The tensors of one or more files, of which only the file in use is memory-mapped."""

    paths: tuple[Path, ...]

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Return shape and type of every tensor by its name, in the order of the files."""
        kinds: dict[str, Kind] = {}
        for path in self.paths:
            for name, kind in _kinds(path).items():
                if name in kinds:
                    raise PipelineError("two files of this checkpoint hold this tensor", where=path, value=name)
                kinds[name] = kind
        return kinds

    def __iter__(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield every tensor with its name; a value that is not finite raises PipelineError."""
        return self.some(lambda name: True)

    def some(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the tensors whose names are wanted; a value that is not finite raises PipelineError."""
        for path in self.paths:
            for name, tensor in _read(path, wanted):
                if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                    bad = int((~torch.isfinite(tensor)).sum())
                    raise PipelineError(
                        f"this tensor holds {bad} values that are NaN or infinite",
                        where=path,
                        value=name,
                        cure="fetch another copy of the checkpoint: with these weights every answer would be noise",
                    )
                yield name, tensor


def tensors_of(files: dict[str, Path], names: tuple[str, ...] = WHOLE) -> Tensors:
    """Return the tensors of a checkpoint: of the first of `names` that exists, whole or as shards with an index.

    Raise PipelineError where no such file exists, a shard is missing, or index and shards disagree.
    """
    for name in names:
        if name + INDEX in files:
            return _sharded(files, name + INDEX)
        if name in files:
            return Tensors((files[name],))
    raise PipelineError("there are no weights", value=sorted(files)[:8], cure=f"one of {', '.join(names)} is expected")


def _sharded(files: dict[str, Path], index: str) -> Tensors:
    shard_of = optional_field(read_object(files[index]), "weight_map", dict, files[index])
    if not shard_of:
        raise PipelineError("this index has no weight_map", where=files[index])
    for tensor in shard_of:
        field(shard_of, tensor, str, f"{files[index]}: weight_map")
    folder = index.rpartition("/")[0]
    shards = {shard: files.get(f"{folder}/{shard}" if folder else shard) for shard in sorted(set(shard_of.values()))}
    missing = [shard for shard, path in shards.items() if path is None]
    if missing:
        raise PipelineError(
            "the index names files that are missing", where=files[index], value=missing,
            cure="fetch the whole checkpoint; the source's `files` in the study may exclude them",
        )  # fmt: skip
    for shard, path in shards.items():
        expected = {name for name, home in shard_of.items() if home == shard}
        differing = sorted(expected ^ _kinds(Path(str(path))).keys())
        if differing:
            raise PipelineError(
                "the index and this shard do not name the same tensors", where=path, value=differing[:5],
                cure="take index and shards from one checkpoint",
            )  # fmt: skip
    return Tensors(tuple(path for path in shards.values() if path is not None))


def _kinds(path: Path) -> dict[str, Kind]:
    if path.suffix == ".safetensors":
        return {name: Kind(tuple(shape), dtype) for name, (shape, dtype) in _header(path).items()}
    return {name: Kind(tuple(tensor.shape), tensor.dtype) for name, tensor in _unpickle(path).items()}


def _header(path: Path) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Return shapes and types of a safetensors file; a length that differs from the header's raises PipelineError."""
    with open_file(path):  # refuses a folder or a pipe
        pass
    try:
        with safe_open(path, framework="pt") as file:  # compares the header with the file's length
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {name: (tuple(part.get_shape()), _DTYPES[part.get_dtype()]) for name, part in slices.items()}
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        raise _broken(path, str(error)) from error
    except KeyError as error:
        raise PipelineError("tensors of this type are not supported", where=path, value=str(error)) from error


def _read(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, torch.Tensor]]:
    if path.suffix != ".safetensors":
        yield from ((name, tensor) for name, tensor in _unpickle(path).items() if wanted(name))
        return
    names = [name for name in _header(path) if wanted(name)]
    with safe_open(path, framework="pt") as file:
        for name in names:
            yield name, file.get_tensor(name)


def _unpickle(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a `.bin`; a pickle that asks for more than tensors raises PipelineError."""
    with open_file(path) as file:
        mapped = file.read(len(ZIP)) == ZIP
    try:
        if mapped and any(member.compress_type for member in zipfile.ZipFile(path).infolist()):
            raise ValueError("torch does not compress its files, and this file is compressed")
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        if "weights" in str(error).lower() and "global" in str(error).lower():
            raise PipelineError(
                "this pickle wants to run code on your machine",
                where=path,
                value=_asked(str(error)),
                cure="take the checkpoint as safetensors, or convert a copy from a source that you trust",
            ) from error
        raise _broken(path, str(error)) from error
    except _BROKEN as error:
        raise _broken(path, str(error)) from error
    if not isinstance(tensors, dict) or not all(map(_is_named_tensor, tensors.items())):
        raise PipelineError("this file does not hold a mapping of names to tensors", where=path)
    return tensors


def _is_named_tensor(item: tuple[object, object]) -> bool:
    """Return whether this is a name with an ordinary tensor whose values are all in the file."""
    name, value = item
    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        return False
    plain = value.layout == torch.strided and not value.is_quantized and value.device.type == "cpu"
    return plain and value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def _asked(message: str) -> str:
    """Return what a refused pickle wants to run, from torch's message."""
    lines = [line.strip() for line in message.splitlines() if "GLOBAL" in line or "global" in line]
    return (lines or [message])[0][:160]


def _broken(path: Path, reason: str) -> PipelineError:
    return PipelineError(
        "this weights file is cut off or damaged",
        where=f"{path} ({path.stat().st_size} bytes)",
        value=reason.splitlines()[0][:160] if reason else "",
        cure="fetch it again and compare its size and sha256 with the published ones",
    )


_DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16},
    **{"I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8},
    "BOOL": torch.bool,
}
